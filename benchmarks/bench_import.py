"""What importing costs beyond NumPy's own import.

    python benchmarks/bench_import.py [--quick]

Each import runs in a fresh interpreter; the runs are interleaved and the medians compared.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys

PROGRAMS = {
    "numpy": "import numpy",
    "autograd_nn": "import numpy, autograd_nn",
    "Value": "import numpy; from autograd_nn import Value",
    "Value, Tensor, nn, optim": "import numpy; from autograd_nn import Value, Tensor, nn, optim; nn.Linear; optim.SGD",
}
TIMER = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def seconds(program: str) -> float:
    """The time that an import takes in a fresh interpreter."""
    out = subprocess.run([sys.executable, "-c", TIMER.format(program)], capture_output=True, text=True, check=True)
    return float(out.stdout)


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="import time beyond NumPy's own")
    parser.add_argument("--quick", action="store_true", help="one run of each: does it still work?")
    runs = 1 if parser.parse_args(argv).quick else 15
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(runs + 1):                        # the first round warms the disk and the byte code
        for name, program in PROGRAMS.items():
            times[name].append(seconds(program))
    median = {name: statistics.median(ts[1:]) * 1e3 for name, ts in times.items()}
    print(f"Python {platform.python_version()}, {runs} interleaved runs, milliseconds")
    print(f"{'import':28}{'median':>8}{'beyond numpy':>14}")
    for name, ms in median.items():
        print(f"{name:28}{ms:8.1f}{ms - median['numpy']:14.1f}")


if __name__ == "__main__":
    main()
