"""The tests of the op table catch planted faults (all of them: `python tests/house/plant_faults.py`)."""

import subprocess
import sys
from pathlib import Path


def test_a_sample_of_planted_faults_is_caught():
    script = Path(__file__).parent / "plant_faults.py"
    out = subprocess.run([sys.executable, str(script), "--sample", "60"], capture_output=True, text=True)
    assert out.returncode == 0 and "60 caught" in out.stdout, out.stdout + out.stderr[-2000:]
