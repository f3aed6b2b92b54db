"""The main paths and the demo with the package that is installed, which must have its engines in C.

`python .ci/smoke.py` needs no pytest, and no checkout on the path: it is how each wheel is tried.
"""

import os
import runpy
import sys
import tempfile
from pathlib import Path

os.environ["AUTOGRAD_NN_REQUIRE_NATIVE"] = "1"
from autograd_nn.__main__ import main

for name, test in runpy.run_path(str(Path(__file__).parents[1] / "tests/house/test_smoke.py")).items():
    if name.startswith("test_"):
        test()
        print(name, "passed", flush=True)
with tempfile.TemporaryDirectory() as folder:
    status = main(["demo", "--out", folder])
    made = sorted(path.name for path in Path(folder).rglob("*") if path.is_file())
    print(f"the demo made {', '.join(made)}")
sys.exit(status or not made)
