"""What several test files use: random programs, oracles, numerical slopes, peers. No test stands here."""
