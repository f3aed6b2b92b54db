"""What the learn_*.py scripts share: one core, fixed seeds, a figure beside its bar, and the time it took.

    python benchmarks/learn_wine.py            prints its figures and exits with 1 if one misses its bar
    python benchmarks/learn_wine.py --quick    a few steps, to see that it runs; figures mean nothing
    python benchmarks/learning.py              all of them, one after another
"""

from __future__ import annotations

import os

for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")        # before NumPy is loaded

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Task:
    """Prints figures beside their bars; knows whether all were reached."""

    def __init__(self, name: str, quick: bool) -> None:
        import numpy as np
        self.quick, self.missed, self.start = quick, 0, time.perf_counter()
        print(f"{name}   ({platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, "
              "one thread)")

    def figure(self, what: str, value: float, bar: str = "", reached: bool = True) -> None:
        """One line: what was measured, and the bar that it had to reach."""
        said = f"   bar {bar}: {'reached' if reached else 'MISSED'}" if bar else ""
        print(f"  {what:<58} {value:>10.4g}{said}")
        self.missed += not reached

    def seconds(self, limit: float) -> None:
        """The time since the start, and its limit."""
        took = time.perf_counter() - self.start
        self.figure("seconds", took, f"{limit:g}", took <= limit)


def run(name: str, main: Callable[[Task], Any], arguments: list[str] | None = None) -> int:
    """Run a script's main(task); 1 if a bar was missed, but never for --quick."""
    parser = argparse.ArgumentParser(description=name)
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that it runs")
    quick = parser.parse_args(arguments).quick
    task = Task(name, quick)
    main(task)
    return 0 if quick else int(task.missed > 0)


if __name__ == "__main__":
    scripts = sorted(Path(__file__).parent.glob("learn_*.py"))
    sys.exit(max(subprocess.run([sys.executable, script, *sys.argv[1:]]).returncode for script in scripts))
