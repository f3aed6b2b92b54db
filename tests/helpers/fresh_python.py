"""A program in a Python process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap


def python(code, *args, **environment):
    """What a program prints. Warnings are errors in it; `environment` holds variables that are set for it."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(code), *args],
                          capture_output=True, text=True,
                          env={**os.environ, "AUTOGRAD_NN_REQUIRE_NATIVE": "0", **environment})
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
