"""Forward mode keeps the dtype, as reverse mode does: a value and its tangent have the argument's."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.each import each

from autograd_nn import jvp
from autograd_nn.ops import OPS


def drawn(shape, dtype):
    rng = np.random.default_rng(0)
    if isinstance(shape, np.ndarray):
        return shape.astype(dtype) if shape.dtype.kind == "f" else shape
    return rng.uniform(0.3, 0.9, shape).astype(dtype)


CASES = [(op, ((2, 3),) * op.arity, {}) for op in OPS.values() if op.elementwise]
CASES += [(op, ((),) * op.arity, {}) for op in OPS.values() if op.elementwise]
CASES += [(op, shapes, params) for op in OPS.values() if not op.elementwise and op.arity > 0 and op.name != "astype"
          for shapes, params in op.cases]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@each(("op", "shapes", "params"), CASES)
def test_of_every_op(op, shapes, params, dtype):
    xs = tuple(drawn(shape, dtype) for shape in shapes)
    with np.errstate(all="ignore"):                      # arccosh is nan here, of the same dtype
        y, dy = jvp(lambda *xs: op(*xs, **params), xs, tuple(np.ones_like(x) for x in xs))
    assert np.asarray(dy).dtype == np.asarray(y).dtype == dtype


@pytest.mark.parametrize("name", ["nanstd", "nanvar", "nanmean", "std", "var", "mean", "median", "ptp", "nanmax",
                                  "trunc", "floor", "ceil", "rint", "sign", "fix"])
def test_of_numpys_functions(name):
    x = np.array([1.0, 2.0, 4.0], np.float32)
    y, dy = jvp(getattr(np, name), (x,), (x,))
    assert y.dtype == dy.dtype == np.float32


def test_a_constant_among_float32_is_a_zero_of_float32():
    x = np.ones(3, np.float32)
    for f in (lambda x: np.floor(x) * x, lambda x: np.heaviside(x, np.float32(0.5)), lambda x: x // np.float32(2)):
        assert jvp(f, (x,), (x,))[1].dtype == np.float32


@pytest.mark.parametrize("shape", [(), (1,)])
def test_the_tangent_of_what_depends_on_nothing_is_a_zero_of_the_dtype(shape):
    x = np.full(shape, 0.5, np.float32)[()]
    for f in (lambda x: x, lambda x: 2 * x, np.floor):               # the derivatives are constants
        dy = jvp(lambda q, f=f: jvp(f, (q,), (np.ones_like(x),))[1], (x,), (np.ones_like(x),))[1]
        assert dy.dtype == np.float32 and np.shape(dy) == shape and not np.any(dy)
