"""A program in a Python process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path


def python(code, *args, **environment):
    """What a program prints. Warnings are errors in it; `environment` holds variables that are set for it."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(code), *args],
                          capture_output=True, text=True,
                          env={**os.environ, "AUTOGRAD_NN_REQUIRE_NATIVE": "0", **environment})
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def fuzz(name, seed, acts):
    """What a program of this folder prints, run with a seed and a number of things to do. It must live to its end."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", f"helpers.{name}", str(seed), str(acts)],
                          cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    assert done.returncode == 0, f"{name} {seed} {acts}: {done.stderr[-3000:]}"
    return done.stdout
