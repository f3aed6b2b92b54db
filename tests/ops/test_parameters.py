"""Parameters of elementwise ops: a slope or a scale is one real number, which leaves the dtype alone."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_nn import Tensor, Value
from autograd_nn.errors import UsageError
from autograd_nn.ops import OPS

SCALED = [(op, name) for op in OPS.values() if op.elementwise and op.module.startswith("autograd_nn.ops.")
          for name, default in op.params.items() if isinstance(default, float)]
INPUTS = (lambda: Value(0.5)), (lambda: Tensor(np.array([0.5, -0.5], np.float32))), (lambda: -0.5)


def test_there_are_some():
    assert len(SCALED) >= 3


def test_what_is_no_real_number_is_refused():
    for op, name in SCALED:
        for make in INPUTS:
            for bad in ("x", 1 + 2j, None, [0.1], np.ones(2), 10 ** 400, slice(None)):
                with pytest.raises(UsageError, match=f"{op.name}: {name} is one real number, not "):
                    op(make(), **{name: bad})


def test_a_number_of_any_kind_gives_what_pythons_float_gives():
    for op, name in SCALED:
        for make in INPUTS:
            for good in (1, np.float64(0.3), np.float32(0.5), np.array(0.3), np.int8(2), np.longdouble(0.5)):
                got, want = op(make(), **{name: good}), op(make(), **{name: float(good)})
                assert getattr(got, "dtype", None) == getattr(make(), "dtype", None), (op.name, good)
                np.testing.assert_array_equal(getattr(got, "data", got), getattr(want, "data", want))
