"""The type Value in C: subclasses, weak references, pickles, setters, comparison, and what it refuses."""

from __future__ import annotations

import copy
import gc
import math
import operator
import pickle
import sys
import weakref

import numpy as np
import pytest
from helpers.engines import engines
from helpers.fresh_python import python
from helpers.twins import assert_same_graph, native

import autograd_nn
from autograd_nn import Tensor, dot, sum_of, topological
from autograd_nn.core.node import Node
from autograd_nn.core.value import Value
from autograd_nn.ops import OPS


@native
def test_a_value_is_unknown_to_the_garbage_collector():
    x = Value(1.0, name="x")
    for v in (x, x * x, -x, autograd_nn.where(x, x, 1.0), sum_of([x, x]), dot([x], [x])):
        assert not gc.is_tracked(v)
    assert sys.getsizeof(x) <= 80


@engines
def test_weak_references(Value):
    x = Value(1.0)
    seen = []
    y, refs = x, []
    for i in range(100):                             # every node of a chain that dies as a whole
        y = y * 2 if i % 3 else sum_of([y, y]) if i % 2 else autograd_nn.where(x, y, 1.0)
        refs.append(weakref.ref(y, lambda ref, i=i, x=x: seen.append((i, ref(), Value(3.0) * x))))
    last = weakref.ref(y)
    assert all(ref() is not None for ref in refs) and last() is y and weakref.getweakrefcount(y) == 2
    del y
    assert last() is None and sorted(i for i, _, _ in seen) == list(range(100))
    assert all(dead is None and made.data == 3.0 for _, dead, made in seen)
    table = weakref.WeakValueDictionary({1: x})
    seen.clear()
    refs.clear()
    del x
    gc.collect()
    assert not table


@engines
def test_a_callback_that_raises_or_digs_does_no_harm(Value):
    x = Value(1.0)
    y, other = x, []
    for _ in range(50):
        y = y + 1
        other.append(weakref.ref(y, lambda ref: [r() for r in other]))   # asks for nodes that are dying too
    del y
    assert [r() for r in other] == [None] * 50 and (x * 2).data == 2.0


@engines
def test_a_subclass_in_python(Value):
    class Weight(Value):
        """Takes arguments of its own, and has attributes."""

        def __init__(self, data, scale=1.0, *, tag=None):
            super().__init__(data * scale, name="weight")
            self.scale, self.tag = scale, tag

        def doubled(self):
            return self * 2

        def __radd__(self, other):
            return "mine"

    class Slim(Value):
        __slots__ = ("extra",)

        def __init__(self):
            super().__init__(7.0)

    class Bare(Value):
        __slots__ = ()

    w = Weight(2.0, 3.0, tag=[1])
    assert w.data == 6.0 and w.name == "weight" and w.scale == 3.0 and w.tag == [1] and gc.is_tracked(w)
    y = w.doubled() * w + w.sin() + 1
    assert type(y) is Value and [n for n in topological([y]) if n.is_leaf] == [w]
    y.backward()
    assert w.grad == 24.0 + math.cos(6.0) and isinstance(w, Value) and w in {w}
    assert 1.0 + w == "mine" and Value(1.0) + w == "mine"
    w.backward(3.0)
    assert w.grad == 27.0 + math.cos(6.0)
    slim = Slim()
    slim.extra = "here"
    (slim * slim).backward()
    assert slim.extra == "here" and slim.grad == 14.0
    with pytest.raises(AttributeError):
        slim.other = 1
    bare = Bare(2.0, name="b")
    assert (sum_of([bare, 1.0]) + dot([bare], [bare]) + np.float64(2) * bare).data == 11.0
    assert repr(bare) == "Value(2.0, name='b')" and type(copy.copy(bare)) is Bare
    with pytest.raises(AttributeError):
        bare.other = 1
    copied = copy.deepcopy(bare)
    assert type(copied) is Bare and copied is not bare and copied.name == "b"
    ref = weakref.ref(w)
    w.tag = w                                        # a cycle through its own attributes
    del w, y
    gc.collect()
    assert ref() is None
    for bad in (lambda: Weight(), lambda: Weight("x"), lambda: Slim(1.0), lambda: Bare(1, 2, 3), lambda: Bare(1, n=2)):
        with pytest.raises(TypeError):
            bad()


class Pickled(Value):
    """A subclass that pickle can find."""


@engines
def test_a_subclass_that_comes_back_to_life(Value):
    kept = []

    class Phoenix(Value):
        def __del__(self):
            kept.append(self)

    y = Phoenix(3.0) * 2
    y.backward()
    del y
    gc.collect()
    assert len(kept) == 1 and kept[0].data == 3.0 and (kept[0] * 2).data == 6.0 and kept[0].grad == 2.0


@native
def test_pickles_and_copies():
    x, s = Value(2.0, name="x"), Pickled(3.0)
    y = sum_of([x * s + 1, 2**60 * x, OPS["elu"](x, alpha=0.3), autograd_nn.where(x, s, -0.0),
                dot([x, 2], [s, x], x), 4])
    y.backward()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        x2, s2, y2 = pickle.loads(pickle.dumps([x, s, y], protocol))
        assert type(s2) is Pickled and {n for n in topological([y2]) if n.is_leaf} == {x2, s2}
        assert_same_graph(y, y2)
    y2.backward()
    assert x2.grad == 2 * x.grad


OTHER_ENGINE = """
import pickle, sys
from autograd_nn import NATIVE, Value, topological, OPS, sum_of, dot, where
if sys.argv[1] == "write":
    x = Value(2.0, name="x")
    y = sum_of([x * x + 1, 2**60 * x, OPS["elu"](x, alpha=0.3), where(x, x, -0.0), dot([x, 2], [x, x], x)])
    y.backward()
    open(sys.argv[2], "wb").write(pickle.dumps([x, y]))
else:
    x, y = pickle.loads(open(sys.argv[2], "rb").read())
    assert type(y) is Value and x.grad == y.inputs[0].inputs[0].inputs[0].grad
    x.zero_grad(); y.backward()
    print(NATIVE, x.grad.hex(), y.data.hex(), [n.op.name for n in topological([y]) if n.op])
"""


@pytest.mark.slow
@native
def test_either_engine_reads_the_others_pickles(tmp_path):
    told = []
    for write, read in ("01", "10", "00"):
        python(OTHER_ENGINE, "write", str(tmp_path / "graph"), AUTOGRAD_NN_PURE=write)
        told.append(python(OTHER_ENGINE, "read", str(tmp_path / "graph"), AUTOGRAD_NN_PURE=read).split(maxsplit=1))
    assert [t[0] for t in told] == ["False", "True", "True"] and told[0][1] == told[1][1] == told[2][1]


@engines
def test_making_one(Value):
    for v in (Value(2), Value(2.0, "n"), Value(data=2.0, name="n"), Value(2.0, name="n"), Value(name="n", data=2),
              Value(np.float32(2)), Value(np.array(2)), Value(*[2.0], name=None), Value(True) + 1):
        assert v.data == 2.0 and type(v.data) is float and v.name in ("n", None) and type(v) is Value
    for bad in (lambda: Value(), lambda: Value(1, 2, 3), lambda: Value(name="n"), lambda: Value(1, data=1),
                lambda: Value(1, "n", name="n"), lambda: Value(1, nmae="n"), lambda: Value("1"), lambda: Value(None),
                lambda: Value(data=[1]), lambda: Value(1j), lambda: Value(np.ones(1)), lambda: Value(Value(1)),
                lambda: Value(10**400), lambda: Value(Tensor(1.0)), lambda: Value(data=1, x=2)):
        with pytest.raises(TypeError):
            bad()


@engines
def test_setters(Value):
    v = Value(1.0, name="v")
    y = v * v
    y.backward()
    for bad in ("x", None, [1.0], np.ones(2), 1j, object(), Tensor(1.0), v, 10**400):
        with pytest.raises(TypeError):
            v.data = bad
        if bad is not None and bad is not v:
            with pytest.raises(TypeError):
                v.grad = bad
    assert v.data == 1.0 and v.grad == 2.0
    for good in (3, True, np.float64(3), np.float32(3), np.int8(3), np.array(3.0)):
        v.data = v.grad = good
        assert type(v.data) is float and type(v.grad) is float and v.data == float(good) == v.grad and v.has_grad
    v.grad = None
    assert v.grad == 0.0 and not v.has_grad
    other = y * 1
    v.grad = other
    assert v.grad is other and v.has_grad
    v.zero_grad()
    assert not v.has_grad and v.grad == 0.0
    for name in ("x" * 1000, None, 3, (v,), None):
        v.name = name
        assert v.name is name or v.name == name
    for attribute in ("data", "grad", "has_grad", "is_leaf", "shape"):
        with pytest.raises(AttributeError):
            delattr(v, attribute)
    for attribute in ("has_grad", "is_leaf", "shape", "gard", "__dict__"):
        with pytest.raises(AttributeError):
            setattr(v, attribute, 1)
    for attribute in ("gard", "__dict__", "step_"):
        with pytest.raises(AttributeError):
            getattr(v, attribute)


@native
def test_what_an_op_made_stays():
    y = Value(1.0) * 2
    for attribute in ("op", "inputs", "params"):
        with pytest.raises(AttributeError):
            setattr(y, attribute, None)
    with pytest.raises(TypeError):
        y.__init__(3.0)
    with pytest.raises(TypeError):
        object.__new__(Value)
    with pytest.raises(TypeError):
        y.__class__ = Pickled
    blank = Value.__new__(Value)
    assert blank.is_leaf and blank.data == 0.0
    for n in range(5):                               # a record that fits no op is refused or kept, never misread
        for name in ("add", "sin", "where", "sum_of", "weighted_sum", "leaky_relu"):
            node = Value._made(1.0, OPS[name], (y,) * n, {})
            assert len(node.inputs) == n and node.op is OPS[name]


@engines
def test_comparison_and_hash(Value):
    v, w = Value(2.0), Value(2.0)
    others = [2, 2.0, True, np.float64(2), np.float32(2), np.int64(3), 2**60, 10**400, math.nan, math.inf, w, v]
    for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        for other in others:
            number = other.data if isinstance(other, Node) else other
            assert compare(v, other) == compare(2.0, number) and compare(other, v) == compare(number, 2.0)
        nan = Value(math.nan)
        assert compare(nan, nan) == compare(math.nan, math.nan)
        assert compare(v, Tensor([1.0, 2.0, 3.0])).tolist() == compare(2.0, np.array([1.0, 2.0, 3.0])).tolist()
    assert v != None and v != "2" and not v == None and not v == "2"     # noqa: E711, SIM201
    for bad in (None, "2", [1], 1j, object()):
        with pytest.raises(TypeError):
            v < bad                                  # noqa: B015
    assert hash(v) == hash(v) and len({v, w, v}) == 2 and hash(v) != -1


@engines
@pytest.mark.parametrize("bad", [None, "3", b"3", 1j, object(), {}, {1}, np.complex64(1), np.datetime64("2020")])
def test_bad_operands_raise_and_leave_no_trace(Value, bad):
    x = Value(2.0)
    before = sys.getrefcount(x)
    binary = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, OPS["hypot"], OPS["maximum"]]
    for _ in range(10):
        for op in binary:
            with pytest.raises(TypeError):
                op(x, bad)
            if not isinstance(bad, np.generic):
                with pytest.raises(TypeError):
                    op(bad, x)
        for call in (lambda: autograd_nn.where(x, bad, 1.0), lambda: sum_of([x, bad]), lambda: dot([x], [bad]),
                     lambda: dot([x], [1.0], "1" if bad is None else bad),
                     lambda: OPS["elu"](-x, alpha=object()), lambda: x.exp(out=3),
                     lambda: x.backward(bad if bad is not None else "1"), lambda: x.backward(1, 2),
                     lambda: x.backward(sed=1), lambda: x.backward(1.0, seed=1.0), lambda: pow(x, 2, 3)):
            with pytest.raises(TypeError):
                call()
    gc.collect()
    assert sys.getrefcount(x) == before and not x.has_grad


@engines
def test_an_operand_of_another_kind_has_its_say(Value):
    class Other:
        def __radd__(self, left):
            return "radd"

        def __rpow__(self, left):
            raise ZeroDivisionError("mine")

        def __eq__(self, other):
            return "eq"

        __hash__ = None

    x = Value(2.0)
    assert x + Other() == "radd" and (x == Other()) == "eq"
    with pytest.raises(ZeroDivisionError):
        x ** Other()
