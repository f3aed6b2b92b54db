"""A program in a Python process of its own."""

from __future__ import annotations

import os
import subprocess
import sys


def python(code, *args, input=None, **env):
    """The output of a program in a process of its own."""
    out = subprocess.run([sys.executable, "-W", "error", "-c", code, *args], input=input, capture_output=True,
                         env={**os.environ, "AUTOGRAD_NN_REQUIRE_NATIVE": "0", **env})
    assert out.returncode == 0, out.stderr.decode()[-3000:]
    return out.stdout
