"""The package is imported twice, or a module of it again, as autoreload does in a notebook."""

from __future__ import annotations

import pytest
from helpers.fresh_python import python
from helpers.imported_again import EACH

TWICE = """
import sys
import autograd_nn
from autograd_nn import Tensor, Value, ops
x, t = Value(2.0), Tensor([1.0, 2.0])
y, z = x * x + ops.sum_of([x, 1.0]), (t * t).sum()
for name in [name for name in sys.modules if name.split(".")[0] == "autograd_nn"]:
    del sys.modules[name]
import autograd_nn as again
assert again is not autograd_nn and again.NATIVE == autograd_nn.NATIVE
for V, T in ((again.Value, again.Tensor), (Value, Tensor)):
    v, u = V(3.0), T([1.0, 2.0])
    (v * v + v.tanh() * 0.0).backward()
    (u * u * 1.0).sum().backward()
    again.grad(lambda a: a * a)(3.0)
    print(v.grad, u.grad)
y.backward(), z.backward()                       # graphs of the first import
print(x.grad, t.grad)
"""

@pytest.mark.slow
@pytest.mark.parametrize("pure", ["0", "1"])
def test_twice(pure):
    assert python(TWICE, AUTOGRAD_NN_PURE=pure) == "6.0 [2. 4.]\n6.0 [2. 4.]\n5.0 [2. 4.]\n"


@pytest.mark.slow
@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')", reason="this system has no fork")
def test_each_module():
    assert python(EACH, "12") == "[]\n"
