"""What the learn_*.py scripts share: one core, a start that is fixed, a figure beside its bar, and the time it took.

    python benchmarks/learn_wine.py            prints its figures and exits with 1 if one misses its bar
    python benchmarks/learn_wine.py --quick    a few steps, to see that it runs; figures mean nothing
    python benchmarks/learn_wine.py --seed 1   another start: other weights, other batches, other folds
    python benchmarks/learning.py              all of them, with these options too

A bar is reached from any start and with any BLAS. To try both:

    OPENBLAS_CORETYPE=Haswell python benchmarks/learning.py --seed 1
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

    def __init__(self, name: str, quick: bool, seed: int) -> None:
        import numpy as np
        self.quick, self.seed, self.missed, self.start = quick, seed, 0, time.process_time()
        print(f"{name}   ({platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, "
              f"one thread, seed {seed})")

    def figure(self, what: str, value: float, bar: str = "", reached: bool = True) -> None:
        """One line: what was measured, and the bar that it had to reach."""
        said = f"   bar {bar}: {'reached' if reached else 'MISSED'}" if bar else ""
        print(f"  {what:<58} {value:>10.4g}{said}")
        self.missed += not reached

    def seconds(self, limit: float) -> None:
        """The processor's time since the start, and its limit: what it takes where nothing else runs."""
        took = time.process_time() - self.start
        self.figure("seconds", took, f"{limit:g}", took <= limit)


def run(name: str, main: Callable[[Task], Any], arguments: list[str] | None = None) -> int:
    """Run a script's main(task); 1 if a bar was missed, but never for --quick."""
    parser = argparse.ArgumentParser(description=name)
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that it runs")
    parser.add_argument("--seed", type=int, default=0, help="of everything random")
    options = parser.parse_args(arguments)
    task = Task(name, options.quick, options.seed)
    main(task)
    return 0 if options.quick else int(task.missed > 0)


if __name__ == "__main__":
    scripts = sorted(Path(__file__).parent.glob("learn_*.py"))
    sys.exit(max(subprocess.run([sys.executable, script, *sys.argv[1:]]).returncode for script in scripts))
