"""The tests of the op table catch planted faults, all of them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_planted_faults_are_caught():
    script = Path(__file__).parent / "plant_faults.py"
    out = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    said = re.search(r"(\d+) faults planted in the rules of \d+ ops, (\d+) caught; forgotten broadcast-sum: caught",
                    out.stdout)
    assert out.returncode == 0 and said, out.stdout + out.stderr[-2000:]
    assert int(said[1]) == int(said[2]) > 800
