"""A gradient that is a graph refers to the leaf that holds it: the collector finds what nobody else holds."""

from __future__ import annotations

import gc
import weakref

import pytest
from helpers.engines import engines

import autograd_nn
from autograd_nn import Tensor, dot, sum_of
from autograd_nn.core import reverse

WAYS = {
    "x * x": lambda x, w: x * x, "two leaves": lambda x, w: x * w * x,
    "sum_of": lambda x, w: sum_of([x * x, w, 1.0]) * w,
    "dot": lambda x, w: dot([x, w, x], [w, 2.0, x], x), "a Tensor": lambda x, w: (Tensor([1.0, 2.0]) * x * w).sum(),
    "deep": lambda x, w: (x * w).sin().exp() * (x + w),
}


@engines
def test_what_nobody_holds_is_freed(Value):
    for name, f in WAYS.items():
        if name == "a Tensor" and Value is not autograd_nn.Value:
            continue                                     # of that graph some nodes are Values of the other engine
        dead, alive = [], []
        for keep in (False, True, False):
            x, w = Value(0.5), Value(2.0)
            y = f(x, w)
            y.backward(create_graph=True)
            if keep:
                kept = x.grad                            # holds all that is below it
            (alive if keep else dead).extend(map(weakref.ref, (x, w)))
            del x, w, y
        gc.collect()
        assert [ref() for ref in dead] == [None] * 4 and alive[0]() is not None
        before = alive[0]().grad
        assert before is kept and before.data == kept.data
        kept.backward()
        del kept, before
        gc.collect()
        assert [ref() for ref in alive] == [None] * 2


@engines
def test_what_hangs_on_a_cycle_of_others(Value):
    """An object of the program that is garbage itself, in a cycle, holds the leaf."""
    class Model:
        def __init__(self):
            self.me, self.w = self, Value(3.0)

    model = Model()
    (model.w * model.w).backward(create_graph=True)
    ref = weakref.ref(model.w)
    gc.collect()
    assert ref() is not None and ref().grad.data == 6.0
    del model
    gc.collect(), gc.collect()
    assert ref() is None


@engines
def test_leaves_that_hold_each_other(Value):
    x, w = Value(1.0), Value(2.0)
    x.grad, w.grad = w * 2.0, x * 3.0
    x.name = w
    refs = [weakref.ref(x), weakref.ref(w)]
    del w
    gc.collect()
    assert all(ref() is not None for ref in refs) and x.grad.data == 4.0
    del x
    gc.collect()
    assert [ref() for ref in refs] == [None, None]


@pytest.mark.skipif(not autograd_nn.NATIVE, reason="it calls the engine in C")
def test_any_base_may_be_named():
    """The leaves in the list are Values, also where the base that is named is no base of theirs."""
    leaves = [autograd_nn.Value(0.5) for _ in range(100)]
    for x in leaves:
        (x * x).backward(create_graph=True)
    for base in (Tensor, int, autograd_nn.Value, object):
        assert reverse.values_in_c.free_cycles(base) == 0
    del leaves, x
    assert reverse.values_in_c.free_cycles(Tensor) == 100
