"""What the benchmarks share: one thread, what runs where, whether results are the same, and times of interleaved runs.

Times are the processor's, which is what a step takes where nobody else uses the machine: with one thread nothing waits.

Import it before NumPy and PyTorch: their libraries read the number of threads when they are loaded.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Step = Callable[[], Any]


class Times(NamedTuple):
    """Microseconds of the processor a call: the least, and the median."""

    least: float
    median: float


def import_torch() -> Any:
    """PyTorch with one thread, or None where it is not installed."""
    try:
        import torch
    except ImportError:
        print("torch is not installed: pip install '.[bench]'", file=sys.stderr)
        return None
    torch.set_num_threads(1)
    return torch


def kernels() -> str:
    """Which kernels NumPy's BLAS has chosen, if it can be found out."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "BLAS kernels unknown (pip install threadpoolctl says)"
    return ", ".join(sorted({f"{lib['internal_api']} {lib['architecture']}" for lib in threadpool_info()
                             if lib.get("architecture")}))


def processor() -> str:
    """The processor's name and family, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    told = {key.strip(): value.strip() for key, value in told.items()}
    return f"{told.get('model name', platform.machine())}, family {told.get('cpu family', 'unknown')}"


def environment(torch: Any, blas: str) -> str:
    """The first line of a benchmark; `blas` from before PyTorch was imported, which brings a BLAS of its own."""
    return (f"Python {platform.python_version()}, NumPy {np.__version__} ({blas}), "
            f"torch {torch and torch.__version__}, {processor()}, one thread, float32; medians of interleaved runs")


def same(what: str, ours: Any, theirs: Any) -> None:
    """Stop where the libraries do not compute the same: then there is nothing to compare."""
    for a, b in zip(ours, theirs, strict=True):
        if not np.allclose(a, b, rtol=1e-4, atol=max(1e-6, 1e-5 * float(np.abs(b).max(initial=0)))):
            raise SystemExit(f"{what}: the libraries compute different numbers")


def times(steps: dict[str, Step], rounds: int, repeats: int = 1) -> dict[str, Times]:
    """The times of each step, over interleaved rounds of `repeats` calls; a first round is not counted."""
    found: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 1):
        for name, step in steps.items():
            start = time.process_time()
            for _ in range(repeats):
                step()
            found[name].append((time.process_time() - start) / repeats * 1e6)
    return {name: Times(min(ts[1:]), statistics.median(ts[1:])) for name, ts in found.items()}
