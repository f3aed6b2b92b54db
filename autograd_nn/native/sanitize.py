"""Runs the tests of the C files under what finds their mistakes.

    python -m autograd_nn.native.sanitize [options and tests for pytest]

It needs a checkout, and GCC with its sanitizers. The C files are compiled with AddressSanitizer and
UndefinedBehaviorSanitizer into a copy of the checkout, and the tests in tests/native run there, and those of
tests/torture that torture them. Then they run on the usual build under `python -X dev`, where Python's own memory
is checked (PYTHONMALLOC=debug). It ends at the first run that fails, with its status.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CHECKS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1".split()
TESTS = ["tests/native", "tests/torture/test_hostile_code_at_length.py", "tests/torture/test_threads_at_length.py",
         "-m", "torture or not torture",
         "--deselect", "tests/native/test_value_memory.py::test_the_resident_size_is_flat"]     # the sanitizers grow it


def compiled(into: Path) -> dict[str, str]:
    """Compile the C files into a copy of the package; the environment in which it is used."""
    import numpy as np
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    headers = [f"-I{sysconfig.get_path('include')}", f"-I{np.get_include()}"]
    for name in ("value", "tensor", "windows"):
        source, target = into / f"{name}.c", into / f"_{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
        subprocess.run([compiler, "-shared", "-fPIC", "-ffp-contract=off", *CHECKS, *headers, str(source), "-o",
                        str(target)], check=True)
    libraries = [subprocess.run([compiler, f"-print-file-name={library}"], capture_output=True, text=True,
                                check=True).stdout.strip() for library in ("libasan.so", "libubsan.so")]
    return {"LD_PRELOAD": " ".join(libraries), "UBSAN_OPTIONS": "print_stacktrace=1",
            "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",    # Python itself leaves memory at its end
            "PYTHONMALLOC": "malloc"}                                        # each object in memory of its own


def main(arguments: list[str]) -> int:
    """Run both; the status of the first that fails."""
    tests = arguments or TESTS
    with tempfile.TemporaryDirectory(prefix="autograd-nn-sanitize-") as folder:
        copy = Path(folder, "checkout")
        unwanted = shutil.ignore_patterns(".*", "*.so", "*.pyd", "__pycache__", "build")
        shutil.copytree(ROOT, copy, ignore=unwanted)
        runs = {"sanitizers": (copy, compiled(copy / "autograd_nn" / "native"), []),
                "-X dev and PYTHONMALLOC=debug": (ROOT, {"PYTHONMALLOC": "debug"}, ["-X", "dev"])}
        for name, (where, settings, options) in runs.items():
            print(f"=== {name}", flush=True)
            command = [sys.executable, *options, "-m", "pytest", "-p", "no:cacheprovider", "-n", "0", *tests]
            environment = {**os.environ, "AUTOGRAD_NN_REQUIRE_NATIVE": "1", "PYTHONPATH": str(where), **settings}
            status = subprocess.run(command, cwd=where, env=environment).returncode
            if status:
                return status
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
