"""Rules bound to floats and to arrays: a rule is bound whole or not at all, whatever breaks in."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from autograd_nn import Op, Tensor, ops
from autograd_nn.ops import _bind

pytestmark = pytest.mark.usefixtures("forget")


def even(g, n):
    return g * 1.0 if n == 0 else odd(g, n - 1)


def odd(g, n):
    return ops.square(g) if n == 0 else even(ops.negative(g), n - 1)


def rule(g, y, x):
    return even(g, 4) + np.float64(0.0)


class Stopped(BaseException):
    """What Ctrl-C would raise."""


def test_a_rule_whose_binding_was_broken_off_is_bound_the_next_time():
    """Ctrl-C at each line of the binding, of helpers too that call each other."""
    for line in range(10_000):
        for function in (rule, even, odd):
            vars(function).pop("_bound", None)
        Op("interrupted", None, lambda x: x * 1.0, rule, tex="{0}").forget()
        op = Op("interrupted", None, lambda x: x * 1.0, rule, tex="{0}")
        x = Tensor([3.0])
        y = op(x)
        seen = 0

        def stop(frame, event, arg, line=line):
            nonlocal seen
            if frame.f_code.co_filename != _bind.__file__:
                return None
            seen += 1
            if seen > line:
                sys.settrace(None)
                raise Stopped
            return stop
        before = sys.gettrace()
        sys.settrace(stop)
        try:
            y.backward()
        except Stopped:
            broken_off = True
        else:
            broken_off = False
        finally:
            sys.settrace(before)
        if not broken_off:
            break
        x.zero_grad()
        y.backward()
        assert x.grad.tolist() == [1.0], line
    assert line > 10
