"""tree.register: a class of the user's own is a container to every transform."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest
from helpers.engines import engines

from autograd_nn import Tensor, checkpoint, grad, hessian, hvp, jacobian, jvp, nn, tree, value_and_grad, vjp
from autograd_nn.errors import UsageError


class Pair:
    def __init__(self, a, b, label=""):
        self.a, self.b, self.label = a, b, label


class Derived(Pair):
    pass


tree.register(Pair, lambda p: ((p.a, p.b), (type(p), p.label)), lambda rest, parts: rest[0](*parts, rest[1]))


def product(p):
    return p.a * p.a * p.b


def test_a_registered_class_is_a_container():
    p = Pair(3.0, [2.0, Pair(1, None, "inner")], "outer")
    leaves, structure = tree.flatten(p)
    assert leaves == [3.0, 2.0]
    twin = tree.unflatten(structure, [30.0, 20.0])
    assert (twin.a, twin.b[0], twin.label, twin.b[1].label, twin.b[1].a) == (30.0, 20.0, "outer", "inner", 1)
    doubled = tree.map(lambda x, y: x + y, p, p)
    assert (doubled.a, doubled.b[0], doubled.b[1].a) == (6.0, 4.0, 1)
    assert type(tree.map(lambda x: -x, Derived(1.0, 2.0))) is Derived
    with pytest.raises(UsageError, match="Pair of 2 has to go with one like it"):
        tree.map(lambda x, y: x, p, Pair(3.0, [2.0, None], "another label"))
    with pytest.raises(UsageError, match="has to go with one like it"):
        tree.map(lambda x, y: x, Pair(1.0, 2.0), Derived(1.0, 2.0))


@pytest.mark.parametrize("kind", [Pair, Derived])
def test_every_transform_takes_it(kind):
    p = kind(3.0, 2.0)
    g = grad(product)(p)
    assert type(g) is kind and (g.a, g.b) == (12.0, 9.0)
    y, g = value_and_grad(lambda q: product(q["in"][0]))({"in": [p, "text"]})
    assert y == 18.0 and g["in"][1] is None and (g["in"][0].a, g["in"][0].b) == (12.0, 9.0)
    y, pull = vjp(lambda q: kind(q.a * q.b, q.a), p)
    assert type(y) is kind and (y.a, y.b) == (6.0, 3.0)
    back, = pull(kind(1.0, 10.0))
    assert (back.a, back.b) == (12.0, 3.0)
    y, dy = jvp(product, (p,), (kind(1.0, 0.0),))
    assert (y, dy) == (18.0, 12.0)
    h = hvp(product, p, kind(1.0, 0.0))
    assert (h.a, h.b) == (4.0, 6.0)
    again = grad(lambda q: grad(product)(q).a)(p)
    assert (again.a, again.b) == (4.0, 6.0)


def test_jacobian_and_hessian_are_nested_alike():
    p = Pair(np.array([3.0, 1.0]), 2.0)
    j = jacobian(lambda q: q.a * q.b)(p)
    np.testing.assert_array_equal(j.a, 2 * np.eye(2))
    np.testing.assert_array_equal(j.b, p.a)
    h = hessian(lambda q: (q.a * q.a * q.b).sum())(p)
    np.testing.assert_array_equal(h.a.a, 4 * np.eye(2))
    np.testing.assert_array_equal(h.a.b, 2 * p.a)
    np.testing.assert_array_equal(h.b.a, 2 * p.a)
    assert h.b.b == 0.0


@engines
def test_checkpoint_takes_and_gives_it(Value):
    p = Pair(Value(3.0), Value(2.0))
    y = checkpoint(lambda q: Pair(q.a * q.a, q.b * q.a))(p)
    assert type(y) is Pair
    (y.a * y.b).backward()
    assert (p.a.grad, p.b.grad) == (54.0, 27.0)      # of a^3 b


def test_a_module_holds_parameters_in_it():
    @dataclass
    class Both:
        scale: Tensor
        steps: int

    class Net(nn.Module):
        def __init__(self):
            self.pair = Pair(Tensor([2.0]), nn.Linear(1, 1, rng=0))
            self.both = Both(Tensor([3.0]), 7)

        def forward(self, x):
            return self.pair.b(self.pair.a * x) * self.both.scale

    net = Net()
    assert [name for name, _ in net.named_parameters()] == ["pair.0", "pair.1.weight", "pair.1.bias", "both.scale"]
    before = copy.deepcopy(net.state_dict())
    g = grad(lambda n: n(np.ones((1, 1))).sum())(net)
    net(np.ones((1, 1))).sum().backward()
    for name, p in net.named_parameters():
        np.testing.assert_array_equal(g[name], p.grad)
        np.testing.assert_array_equal(p.data, before[name])


def test_what_is_wrong_is_said():
    class Plain:
        def __init__(self):
            self.a = 1.0

    with pytest.raises(UsageError, match=r"Plain is not known as a container\n.*tree.register\(Plain, flatten, build"):
        grad(lambda p: p.a)(Plain())
    with pytest.raises(UsageError, match="Pair is a container already"):
        tree.register(Pair, lambda p: ((), None), lambda rest, parts: None)
    with pytest.raises(UsageError, match="list is a container already"):
        tree.register(list, lambda p: (p, None), lambda rest, parts: parts)
    for leaf in (float, Tensor, np.float64, object):
        with pytest.raises(UsageError, match="cannot be a container"):
            tree.register(leaf, lambda p: ((), None), lambda rest, parts: None)
    with pytest.raises(UsageError, match="takes a class"):
        tree.register("Plain", lambda p: ((), None), lambda rest, parts: None)
    for answer in (None, [1.0, 2.0], (1.0, None), ((1.0,), None, 3)):
        class Nonsense:
            pass
        tree.register(Nonsense, lambda x, answer=answer: answer, lambda rest, parts: None)
        with pytest.raises(UsageError, match=r"of Nonsense must return \(parts, rest\)"):
            grad(lambda p: 1.0)(Nonsense())

    class Endless:
        pass
    tree.register(Endless, lambda x: ([x], None), lambda rest, parts: None)
    with pytest.raises(UsageError, match="returned x itself"):
        tree.leaves(Endless())
