"""Which scalar engine serves, and how it is built."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from helpers.fresh_python import python
from helpers.twins import native

import autograd_nn

HERE = Path(autograd_nn.__file__).parent
NO_EXTENSION = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name == "autograd_nn.native._value":
            raise ImportError("no such thing here")
sys.meta_path.insert(0, Blocked())
try:
    from autograd_nn import NATIVE, Value
except ImportError as error:
    print(type(error).__name__, error)
else:
    from autograd_nn.core.value import PureValue
    x = Value(3.0)
    (x * x).backward()
    print(NATIVE, Value is PureValue, Value.__name__, x.grad)
"""


def test_without_the_extension_python_serves():
    assert python(NO_EXTENSION, AUTOGRAD_NN_PURE="0") == "False True Value 6.0\n"


def test_a_missing_extension_is_an_error_where_it_is_required():
    out = python(NO_EXTENSION, AUTOGRAD_NN_PURE="0", AUTOGRAD_NN_REQUIRE_NATIVE="1")
    assert out.startswith("ImportError AUTOGRAD_NN_REQUIRE_NATIVE=1") and "no such thing here" in out
    assert out.count("\n") == 1


WHICH = "from autograd_nn import NATIVE, Value; print(NATIVE, type(Value(1) + 1).__name__, Value.__module__)"


def test_the_pure_engine_on_request():
    assert python(WHICH, AUTOGRAD_NN_PURE="1") == "False Value autograd_nn.core.value\n"


FIRST_USED_IN_A_MODE = """
import autograd_nn as ag
with ag.no_grad():
    t, v = ag.Tensor([1.0]), ag.Value(2.0)
    print((t * t).is_leaf, t.tanh().is_leaf, (v * v).is_leaf, v.sin().is_leaf)
print((t * t).is_leaf, v.sin().is_leaf)
"""


@pytest.mark.parametrize("pure", ["0", "1"])
def test_an_engine_that_is_first_used_in_a_mode_knows_it(pure):
    assert python(FIRST_USED_IN_A_MODE, AUTOGRAD_NN_PURE=pure) == "True True True True\nFalse False\n"


@native
def test_the_native_engine_otherwise():
    out = python(WHICH, AUTOGRAD_NN_PURE="0", AUTOGRAD_NN_REQUIRE_NATIVE="1")
    assert out == "True Value autograd_nn.core.value\n"


@pytest.mark.parametrize("name", ["value.c", "tensor.c"])
def test_the_c_files_compile_without_a_warning(name, tmp_path):
    compiler = shlex.split(sysconfig.get_config_var("CC") or "")
    header = Path(sysconfig.get_path("include"), "Python.h")
    source = HERE / "native" / name
    if not compiler or not shutil.which(compiler[0]):
        pytest.skip("no C compiler here")
    if not header.exists() or not source.exists():
        pytest.skip("no Python.h or no sources here")
    strict = ["-O2", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-ffp-contract=off"]
    headers = [f"-I{header.parent}", "-isystem", np.get_include()]          # NumPy's own are not judged
    out = subprocess.run([*compiler, *strict, *headers, "-c", str(source), "-o", str(tmp_path / "core.o")],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stderr[-3000:]
