"""What several test files use: random programs, oracles, numerical slopes, peers. No test stands here."""

from pathlib import Path

import pytest

# An assert in here says its values when it fails, as one in a test does.
pytest.register_assert_rewrite(*(f"helpers.{file.stem}" for file in Path(__file__).parent.glob("[!_]*.py")))
