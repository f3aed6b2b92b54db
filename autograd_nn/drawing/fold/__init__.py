"""A large graph as a small Trace."""
