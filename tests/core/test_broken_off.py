"""A backward pass that is broken off, or that a rule of another pass asks for, leaves the next ones right."""

from __future__ import annotations

import sys
import threading

import pytest
from helpers.engines import engines

from autograd_nn import Op
from autograd_nn.core import quick
from autograd_nn.core.value import PureValue


class Stopped(BaseException):
    """What Ctrl-C would raise."""


@pytest.mark.slow
def test_ctrl_c_twice_at_any_line(monkeypatch):
    """The second time while what the first one broke off is put in order."""
    for first in range(2_000):
        for second in (1, 2, 3):
            monkeypatch.setattr(quick, "_one_at_a_time", threading.RLock())      # a tracer may break off its release
            x = PureValue(3.0)
            y = (x * x).tanh() * x + x
            seen, raised = 0, []

            def stop(frame, event, arg, first=first, second=second, raised=raised):
                nonlocal seen
                if frame.f_code.co_filename != quick.__file__:
                    return None
                seen += 1
                if len(raised) < 2 and seen > first + second * len(raised):
                    raised.append(seen)
                    raise Stopped
                return stop
            before = sys.gettrace()
            for _ in range(2):                       # a tracer that raises is taken out
                sys.settrace(stop)
                try:
                    y.backward()
                except Stopped:
                    pass
                finally:
                    sys.settrace(before)
            x.zero_grad()
            y.backward()
            want = PureValue(3.0)
            ((want * want).tanh() * want + want).backward()
            assert x.grad == want.grad, (first, second)
        if not raised:
            return
    raise AssertionError("the pass has more lines than were tried")


def test_what_is_left_in_nodes_is_cleared_by_the_next_pass():
    x = PureValue(3.0)
    y = x * x
    assert quick._collect(y, PureValue) is not None      # and here a pass ends
    other = x * 2.0
    other.backward()
    y.backward()
    assert x.grad == 8.0 and y._part is None


@engines
def test_a_rule_may_ask_for_a_pass_through_the_same_nodes(Value, forget):
    asked = []

    def rule(g, y, a):
        if not asked:
            asked.append(True)
            (middle * x).backward()
        return g * 1.0
    op = Op("asking", lambda a: a * 1.0, lambda a: a * 1.0, rule, tex="{0}")
    x = Value(3.0)
    middle = x * x
    (op(middle) * x + middle).backward()
    assert x.grad == 27.0 + (27.0 + 6.0)
