"""What of Tensor is in C, against the same in Python: the quick methods and the chain rule.

Every other test of Tensors runs on it too, where it is compiled. Here the two are compared bit for bit, and what
Python has to do itself is shown to get there.
"""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import sys
import threading
import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest
from helpers.op_checks import SCALAR, call, drawn, of
from helpers.tensor_bits import grads, in_python, same
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import OPS, Tensor, Value, check_finite, no_grad, ops, stack, vjp
from autograd_nn.core import reverse
from autograd_nn.core.below import ends_below
from autograd_nn.core.node import NOTHING, topological
from autograd_nn.core.reverse import cotangents
from autograd_nn.errors import UsageError
from autograd_nn.ops import Op

pytestmark = pytest.mark.skipif(reverse.in_c is None, reason="the C engine is not compiled, or not wanted")
SIZES = [(), (1,), (3,), (2, 3), (0, 3)]


@of([op for op in OPS.values() if op.cases])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_array_ops(op, dtype, monkeypatch):
    for shapes, params in op.cases:
        xs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in drawn(op, shapes)]
        tensors = [Tensor(x) if x.dtype.kind == "f" else x for x in xs]
        try:
            y = call(op, tensors, params)
        except TypeError:                            # LAPACK has no float16, and some ops one dtype alone
            continue
        if isinstance(y, Tensor):
            seed = np.random.default_rng(1).normal(size=y.shape).astype(y.dtype)
            same(grads(y, seed), in_python(monkeypatch, lambda y=y, seed=seed: grads(y, seed)))


@of([op for op in SCALAR if not op.params])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_elementwise_ops_under_broadcasting(op, dtype, monkeypatch):
    rng = np.random.default_rng(0)
    for shape in SIZES:
        for other in SIZES[:4] if op.arity > 1 else [()]:
            lows = [min(d) if isinstance(d, frozenset) else d[0] for d in op.domain]
            highs = [max(d) if isinstance(d, frozenset) else d[1] for d in op.domain]
            try:
                np.broadcast_shapes(shape, other)
            except ValueError:
                continue
            xs = [Tensor(rng.uniform(low, high, size=s).astype(dtype))
                  for low, high, s in zip(lows, highs, [shape, other, other])]
            with np.errstate(all="ignore"):
                y = op(*xs)
            seed = rng.normal(size=y.shape).astype(y.dtype)
            same(grads(y, seed), in_python(monkeypatch, lambda y=y, seed=seed: grads(y, seed)))


@given(data=st.data())
def test_random_graphs(data):
    """Graphs with shared nodes, broadcasting and numbers, the root a sum."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    nodes: list[Any] = [Tensor(rng.normal(size=shape).astype(dtype)) for shape in [(), (3,), (2, 1), (2, 3)]]
    for _ in range(data.draw(st.integers(1, 25))):
        x, y = (nodes[data.draw(st.integers(0, len(nodes) - 1))] for _ in range(2))
        kind = data.draw(st.integers(0, 9))
        made = (x + y, x * y, x - y, x * 0.5, 2 - x, x.tanh(), x.relu(), ops.maximum(x, y),
                ops.where(x.data > 0, x, y), x.sum())[kind]
        nodes.append(made)
    root = ops.sum(nodes[-1] * nodes[-1]) + nodes[len(nodes) // 2].mean()
    before = reverse.in_c
    found = grads(root)
    by_dict = cotangents({root: root._one()})
    try:
        reverse.in_c = None
        same(found, grads(root))
        in_order = topological([root])
        again = cotangents({root: root._one()})
    finally:
        reverse.in_c = before
    same([by_dict.get(node) for node in in_order], [again.get(node) for node in in_order])


def test_several_roots(monkeypatch):
    x = Tensor([1.0, 2.0])
    a, b = x * 2, x.tanh()
    seeds = {a: np.array([1.0, 2.0]), b: np.array([3.0, 4.0]), x: np.array([0.5, 0.5])}
    got, want = cotangents(seeds), in_python(monkeypatch, lambda: cotangents(seeds))
    assert got.keys() == want.keys()
    same([got[node] for node in want], list(want.values()))


@of([op for op in OPS.values() if hasattr(getattr(Tensor, op.name, None), "__wrapped__")
     and getattr(Tensor, op.name).op is op])
def test_a_quick_method_is_its_python(op):
    quick = getattr(Tensor, op.name)
    shapes, params = next(((s, p) for s, p in op.cases if isinstance(s[0], tuple)), ([(3,)], {}))
    x = Tensor(np.random.default_rng(0).uniform(0.2, 0.9, size=shapes[0]) + (op.name == "arccosh"))
    alike(quick(x, **params), quick.__wrapped__(x, **params))
    if not params:
        alike(quick(x), quick.__wrapped__(x, **op.params))
    assert quick.__name__ == op.name and quick.__doc__ == quick.__wrapped__.__doc__


@of([op for op in OPS.values() if op.dunder])
def test_a_quick_operator_is_its_python(op):
    shape = (2, 2)
    rng = np.random.default_rng(0)
    x, y = (Tensor(rng.uniform(0.5, 2.0, size=shape)) for _ in range(2))
    names = [f"__{op.dunder}__"] + [f"__r{op.dunder}__"] * (op.arity == 2)
    for name in names:
        quick = getattr(Tensor, name)
        others = [()] if op.arity == 1 else [(y,), (y.data,)] + [(2.0,), (3,)] * (op.dunder != "matmul")
        for other in others:
            alike(quick(x, *other), quick.__wrapped__(x, *other))
        if op.arity == 2:
            assert quick(x, "a word") is NotImplemented and quick(x, None) is NotImplemented


def test_a_quick_method_looks_like_a_function():
    tanh, x = Tensor.tanh, Tensor([0.5])
    assert repr(tanh) == repr(tanh.__wrapped__) and tanh.__qualname__ == "Tensor.tanh" and inspect.isroutine(tanh)
    assert list(inspect.signature(tanh).parameters) == ["self", "args", "params"] and inspect.ismethod(x.tanh)
    assert copy.copy(tanh) is tanh is copy.deepcopy(tanh)
    assert pickle.loads(pickle.dumps(x.tanh))().data == x.tanh().data


def alike(a: Any, b: Any) -> None:
    same([a.data], [b.data])
    assert type(a) is type(b) is Tensor and a.op is b.op and repr(a.params) == repr(b.params)
    assert a.grad is b.grad is None and a.name is b.name is None and len(a.inputs) == len(b.inputs)
    for x, y in zip((*a.inputs, *a._operands), (*b.inputs, *b._operands)):
        assert x is y or (not isinstance(x, Tensor) and np.array_equal(x, y))


def test_modes(monkeypatch):
    x = Tensor([1.0, 4.0])
    with no_grad(), monkeypatch.context() as patch:
        patch.setattr("autograd_nn.core.tensor.record", None)        # Python has nothing to do
        leaves = [x * x, x.sqrt(), 2.0 - x, ops.sum(x, axis=0), x @ [1.0, 2.0]]
    for leaf, y in zip(leaves, [x * x, x.sqrt(), 2.0 - x, ops.sum(x, axis=0), x @ [1.0, 2.0]]):
        same([leaf.data], [y.data])
        assert leaf.is_leaf and leaf.inputs == leaf._operands == () and leaf._params is NOTHING
        assert leaf.grad is leaf.name is None
    with check_finite(), np.errstate(all="ignore"), pytest.raises(ArithmeticError, match="sqrt gave"):
        (x - 2.0).sqrt()
    assert not (x * x).is_leaf


def test_errors_are_those_of_python():
    x, y = Tensor(np.ones((2, 3))), Tensor(np.ones((4, 5)), name="y")
    with pytest.raises(ValueError, match=r"add: .*\(2, 3\).*\(4, 5\)"):
        x + y
    with pytest.raises(ValueError, match=r"matmul: \(2, 3\) @ \(4, 5\)"):
        x @ y
    with pytest.raises(UsageError, match="tanh takes 1 input"):
        x.tanh(1, 2, 3)
    assert Tensor.__add__(1.0, 2.0) == 3.0


def test_what_a_user_subclasses_goes_the_python_way():
    class Mine(Tensor):
        __slots__ = ()

    x = Mine([1.0, 2.0])
    y = (x * x).sum()
    assert not reverse.in_c.backward(y, y._one())
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_values_among_tensors_go_the_python_way():
    v, t = Value(3.0), Tensor([1.0, 2.0])
    for y in ((t * v).sum(), stack([v, v]).sum()):
        v.zero_grad()
        assert not reverse.in_c.backward(y, y._one()) and not v.has_grad
        y.backward()
        assert isinstance(v.grad, float) and v.has_grad


def test_a_leak_past_a_zero_is_left_to_python():
    x = Tensor([0.0, 4.0])
    y = ops.where(np.array([False, True]), ops.sqrt(x), 0.0).sum()
    assert not reverse.in_c.backward(y, y._one()) and x.grad is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y.backward()
    assert x.grad.tolist() == [0.0, 0.25]


def test_an_infinite_derivative_is_one():
    x = Tensor([0.0, 4.0])
    x.sqrt().sum().backward()
    assert x.grad.tolist() == [np.inf, 0.25]


@pytest.mark.parametrize("n", [1, 8, 511, 512, 513, 5000])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_nonfinite_numbers_are_seen_wherever_they_are(n, bad):
    for at in {0, n // 2, n - 1}:
        g = np.ones(n)
        g[at] = bad
        x = Tensor(np.ones(n))
        assert not reverse.in_c.backward(x * 2, g) and x.grad is None
        assert reverse.in_c.backward(x * 2, np.ones(n))


def test_warnings_are_kept_back_and_the_error_state_is_restored():
    x = Tensor(np.array([3e38], np.float32))
    y = (x * 1e-30 * 1e30).sum()
    with np.errstate(all="raise"):
        before = np.geterr()
        y.backward(np.float32(3e38))
        assert np.geterr() == before
    assert np.isinf(x.grad).all()


def test_an_exception_in_a_rule_changes_nothing(forget):
    def stop(g, y, x):
        raise KeyboardInterrupt

    broken = Op("broken", None, lambda x: x + 0.0, stop, tex="{0}")
    x, c = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (x * c).sum().backward()
    y = (broken(x * 2) * c).sum()
    order = topological([y])
    before, state = [None if n.grad is None else n.grad.copy() for n in order], np.geterr()
    counts = [sys.getrefcount(n) for n in order]
    for _ in range(100):
        with pytest.raises(KeyboardInterrupt):
            y.backward()
    assert [sys.getrefcount(n) for n in order] == counts and np.geterr() == state
    same(before, [n.grad for n in order])


def test_leaves_have_gradients_of_their_own():
    x, c = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    y = x + c
    seed = np.array([5.0, 6.0])
    y.backward(seed)
    x.grad[0] = 99.0
    assert c.grad.tolist() == [5.0, 6.0] and seed.tolist() == [5.0, 6.0] and y.grad.tolist() == [5.0, 6.0]
    t = Tensor(np.ones((2, 3)))
    t.T.sum().backward()
    assert t.grad.base is None and t.grad.flags.writeable


def test_gradients_add_up_over_calls():
    x = Tensor([1.0, 2.0])
    for times in (1, 2, 3):
        (x * x).sum().backward()
        assert x.grad.tolist() == [2.0 * times, 4.0 * times]


@pytest.mark.slow
def test_a_deep_graph_and_a_wide_one(monkeypatch):
    x = y = Tensor([0.5, -0.5])
    for _ in range(20_000):
        y = y * 0.9999 + x * 1e-4
    found = grads(y.sum())
    same(found, in_python(monkeypatch, lambda: grads(y.sum())))
    wide = ops.stack([x * float(i) for i in range(300)]).sum()
    same(grads(wide), in_python(monkeypatch, lambda: grads(wide)))


def test_a_program_may_change_inputs_under_the_walk(forget):
    """A rule that rewires the graph while it is walked: the sweep gives up, and nothing is torn."""
    x, z = Tensor([1.0]), Tensor([7.0])

    def rewire(g, y, a):
        node._inputs = (z,)
        return g

    bad = Op("rewire", None, lambda a: a + 0.0, rewire, tex="{0}")
    node = x * 3.0
    y = bad(node)
    y.backward(np.ones(1))
    assert x.grad is None or x.grad.tolist() == [3.0]


def test_a_rule_may_take_everything_from_its_node(forget):
    def strip(g, y, a, b):
        node._inputs = node._operands = ()
        node._params, node._data = {}, np.zeros(3)
        gc.collect()
        return g * b

    bad = Op("strip", None, lambda a, b: a * b, strip, strip, tex="{0}")
    x, z = Tensor(np.arange(1.0, 4.0)), Tensor(np.arange(4.0, 7.0))
    node = bad(x, z)
    node.backward(np.ones(3))
    assert x.grad.tolist() == [4.0, 5.0, 6.0]


@pytest.mark.slow
def test_data_may_be_assigned_by_another_thread_meanwhile():
    """The arrays that an operation works on are held, whoever takes them away from the Tensors."""
    t, stop = Tensor(np.ones((300, 300))), threading.Event()

    def assign() -> None:
        while not stop.is_set():
            t.data = np.ones((300, 300))

    other = threading.Thread(target=assign)
    other.start()
    try:
        for _ in range(200):
            assert float((t @ t).data[0, 0]) == 300.0 and float(t.exp().data[0, 0]) == np.exp(1.0)
    finally:
        stop.set()
        other.join()


def test_nothing_is_kept():
    x, w = Tensor(np.ones((4, 3))), Tensor(np.ones((3, 2)))
    kept = (x, w, Tensor, ops.tanh, NOTHING, (), None)

    def step() -> None:
        x.zero_grad(), w.zero_grad()
        ((x @ w).tanh() * 2.0 - 1.0).sum().backward()
        with no_grad():
            (x.tanh() @ w).sum()

    for _ in range(50):
        step()
    gc.collect()
    tracemalloc.start()
    step()
    before, counts = tracemalloc.get_traced_memory()[0], [sys.getrefcount(o) for o in kept]
    for _ in range(2000):
        step()
    assert gc.collect() == 0
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 4000
    assert all(abs(sys.getrefcount(o) - c) < 50 for o, c in zip(kept, counts))


def test_threads_get_the_serial_answers():
    def work(seed: int) -> list[Any]:
        rng = np.random.default_rng(seed)
        x, w = Tensor(rng.normal(size=(3, 4))), Tensor(rng.normal(size=(4, 2)))
        for _ in range(200):
            ((x @ w).tanh() * x.sum()).sum().backward()
        return [x.grad, w.grad]

    results: dict[int, list[Any]] = {}
    threads = [threading.Thread(target=lambda i=i: results.__setitem__(i, work(i))) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i in range(8):
        same(results[i], work(i))


def test_the_ends_below_a_node(monkeypatch):
    x, w, v = Tensor([1.0, 2.0]), Tensor([3.0]), Value(2.0)
    y = (x * w).tanh() + x
    assert set(ends_below([y, x])) == {x, w} and reverse.in_c.ends(x, 0) == [x]
    assert in_python(monkeypatch, lambda: set(ends_below([y]))) == {x, w}
    assert reverse.in_c.ends(y * v, 0) is reverse.in_c.ends(v, 0) is None
    assert set(ends_below([y * v])) == {x, w, v}


def test_transforms_use_it():
    f = lambda x: (x * x).tanh()
    x = np.array([0.1, 0.2])
    _, pull = vjp(f, x)
    assert np.allclose(pull(np.ones(2))[0], 2 * x * (1 - np.tanh(x * x) ** 2))


@pytest.mark.parametrize("args", [(), (1,), (1, 2, 3)])
def test_backward_takes_a_root_and_a_seed(args):
    with pytest.raises(TypeError):
        reverse.in_c.backward(*args)


def test_what_it_cannot_take_is_refused():
    with pytest.raises(TypeError):
        reverse.in_c.setup(Tensor)
    with pytest.raises(ValueError, match="one or two inputs"):
        reverse.in_c.method(len, OPS["add"], {}, 3, False)
    assert reverse.in_c.cotangents([1], 0, False) is None


def test_the_stride_of_a_cotangent_does_not_matter(monkeypatch):
    x = Tensor(np.ones((3, 4)))
    y = x * 2.0
    for seed in (np.arange(24.0).reshape(3, 8)[:, ::2], np.asfortranarray(np.arange(12.0).reshape(3, 4)),
                 np.arange(12.0).reshape(3, 4)[::-1], np.broadcast_to(np.arange(4.0), (3, 4))):
        same(grads(y, seed), in_python(monkeypatch, lambda seed=seed: grads(y, seed)))
