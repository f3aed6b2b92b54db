"""Trees: nests of containers, taken apart and put together."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import Tensor, Value, nn, tree

Point = namedtuple("Point", "x y")


@dataclasses.dataclass(frozen=True)
class Params:
    weight: object
    steps: int = 3
    extra: object = dataclasses.field(default=None, compare=False)


leaf = st.one_of(st.floats(-5, 5), st.sampled_from([np.float32(1.5), np.float64(2.0)]))
constant = st.one_of(st.none(), st.integers(-3, 3), st.booleans(), st.text(max_size=3))
nests = st.recursive(leaf | constant, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple),
    st.dictionaries(st.text(max_size=2) | st.integers(0, 5), inner, max_size=3),
    st.builds(Point, inner, inner), st.builds(Params, inner, st.integers(0, 9), inner),
    st.dictionaries(st.text(max_size=2), inner, max_size=2).map(OrderedDict)), max_leaves=12)


def naive_leaves(x):
    """The same by recursion and by a list of types."""
    if isinstance(x, dict):
        return [y for part in x.values() for y in naive_leaves(part)]
    if isinstance(x, (list, tuple)):
        return [y for part in x for y in naive_leaves(part)]
    if isinstance(x, Params):
        return naive_leaves([x.weight, x.steps, x.extra])
    return [x] if isinstance(x, (float, np.floating)) else []


@given(nests)
def test_taken_apart_and_put_together(nest):
    leaves, structure = tree.flatten(nest)
    assert leaves == naive_leaves(nest) == tree.leaves(nest)
    again = tree.unflatten(structure, leaves)
    assert again == nest and type(again) is type(nest)
    marks = [float(i) for i in range(len(leaves))]
    other = tree.unflatten(structure, marks)
    assert tree.leaves(other) == marks == structure.match(other, "test")
    results = structure.results(marks)
    assert naive_leaves(results) == marks
    assert tree.map(lambda a, b: b, nest, other) == other
    assert tree.map(lambda a, g: g, nest, results) == other       # where results say None the constant stays


def test_what_is_a_leaf():
    floats, t, v = np.ones(2, np.float32), Tensor([1.0]), Value(2.0)
    nest = [floats, np.array(1.0), t, v, 1.0, np.float32(3.0)]
    assert all(a is b for a, b in zip(tree.leaves(nest), nest, strict=True))
    assert tree.leaves([1, True, None, "a", b"b", 1j, np.arange(3), np.array([True]), np.int64(3), np.ones(2) * 1j,
                        object(), float, Params, np.array(["a"])]) == []
    values = np.array([[v, Value(3.0)]], dtype=object)
    assert tree.leaves({"w": values}) == [v, values[0, 1]]
    doubled = tree.map(lambda x: x.data * 2, values)
    assert doubled.shape == (1, 2) and doubled.tolist() == [[4.0, 6.0]]


def test_containers_keep_their_kind():
    nest = defaultdict(list, a=Point(1.0, [2.0]), b=Params(3.0, 4, (5.0,)))
    twice = tree.map(lambda x: 2 * x, nest)
    assert twice == {"a": Point(2.0, [4.0]), "b": Params(6.0, 4, (10.0,))}
    assert type(twice) is defaultdict and twice["new"] == [] and type(twice["a"]) is Point
    assert twice["b"].extra == (10.0,) and "new" not in nest
    deep = 1.0
    for _ in range(100_000):
        deep = [deep]
    assert tree.leaves(tree.map(lambda x: x + 1, deep)) == [2.0]


class Net(nn.Module):
    def __init__(self):
        self.first = nn.Linear(2, 2, rng=0)
        self.tied = [self.first.weight, nn.Neuron(2, rng=1)]
        self.table = {"scale": Tensor([2.0]), "count": 3, "buffer": np.ones(2)}
        self.again = (self.first,)
        self.itself = self

    def forward(self, x):
        return self.first(x) * self.table["scale"] + self.tied[1](x)


def test_the_parts_of_a_module_are_its_parameters():
    net = Net()
    leaves, structure = tree.flatten([net, 1.5])
    names, parameters = zip(*net.named_parameters())
    assert leaves[-1] == 1.5 and all(a is b for a, b in zip(leaves, parameters, strict=False))
    assert len(leaves) == len(parameters) + 1
    assert structure.results(leaves)[0].keys() == set(names)
    fresh = [Tensor(p.data) if isinstance(p, Tensor) else Value(p.data) for p in parameters]
    other = tree.unflatten(structure, [*fresh, 2.5])[0]
    assert type(other) is Net and other is not net
    assert [name for name, _ in other.named_parameters()] == list(names)
    assert all(a is b for a, b in zip(other.parameters(), fresh, strict=True))
    assert other.tied[0] is other.first.weight and other.again[0] is other.first and other.itself is other
    assert other.table["buffer"] is net.table["buffer"]          # what is no parameter is shared
    assert all(a is b for a, b in zip(net.parameters(), parameters, strict=True))
    x = np.array([1.0, -1.0], np.float32)
    assert other(x).data.tolist() == net(x).data.tolist()


def test_trees_that_do_not_fit():
    for first, second, message in [([1.0, 2.0], [1.0], "list of 2"), ({"a": 1.0}, {"b": 1.0}, "'a'"),
                                   ((1.0,), 3.0, "tuple of 1"), (Point(1.0, 2.0), {"x": 1.0}, "Point"),
                                   (nn.Linear(1, 1, rng=0), {"weight": 1.0}, "weight, bias")]:
        with pytest.raises(TypeError, match=message):
            tree.map(lambda a, b: a, first, second)
    with pytest.raises(TypeError, match="2 leaves, and 1"):
        tree.unflatten(tree.flatten([1.0, 2.0])[1], [1.0])
