"""Python's numbers, functions and protocols with Values and Tensors: an answer with a gradient, or a refusal."""

from __future__ import annotations

import cmath
import math
import operator
import random
import statistics
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from helpers.engines import ENGINES

from autograd_nn import AutogradError, Tensor, Value, dot, grad, jvp, ops, sin, topological
from autograd_nn.errors import LeavesGraphError, ShapeError, UsageError

KINDS = {**ENGINES, "Tensor": Tensor, "float32": lambda x: Tensor(np.float32(x)),
         "row": lambda x: Tensor([x, x])}
KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
             operator.pow, divmod]


def answers(f, *xs):
    """The numbers that f gives, and the gradients of their sum."""
    ys = f(*xs)
    ys = ys if isinstance(ys, tuple) else (ys,)
    ops.sum_of([ops.sum(y) for y in ys]).backward()
    return [np.asarray(y.data).tolist() for y in ys], [np.asarray(x.grad).tolist() for x in xs if hasattr(x, "grad")]


@KIND
@pytest.mark.parametrize("f", OPERATORS, ids=lambda f: f.__name__)
def test_a_fraction_is_the_float_that_it_is_nearest_to(kind, f):
    third = Fraction(1, 3)
    for swap in (False, True):
        g = (lambda x, y: f(y, x)) if swap else f
        assert answers(g, kind(2.5), third) == answers(g, kind(2.5), 1 / 3)
    if kind is KINDS["float32"]:
        assert (kind(2.5) * third).dtype == np.float32


def test_fractions_elsewhere():
    third = Fraction(1, 3)
    assert Value(third).data == Tensor(third).item() == Tensor([third, 2]).data[0] == 1 / 3
    assert sin(third) == math.sin(1 / 3) and (Value(1.0) < third, Value(third) == 1 / 3) == (False, True)
    y = Value(2.0) * 1
    y.backward(third)
    assert y.grad == 1 / 3
    assert jvp(lambda x: x * third, (2.0,), (1.0,)) == (2 / 3, 1 / 3)
    assert Tensor([10 ** 20, 1]).data.tolist() == [1e20, 1.0]


@KIND
@pytest.mark.parametrize("f", OPERATORS, ids=lambda f: f.__name__)
def test_a_decimal_is_refused_as_float_refuses_it(kind, f):
    for xs in ((kind(2.5), Decimal("0.5")), (Decimal("0.5"), kind(2.5))):
        with pytest.raises(TypeError):
            f(*[2.5 if hasattr(x, "grad") else x for x in xs])
        with pytest.raises(UsageError, match=r"cannot combine a \w+ and Decimal.*\n  help: float\(x\)"):
            f(*xs)


@KIND
def test_divmod(kind):
    for x, y in ((7.5, 2.0), (-7.5, 2.0), (7.5, -2.0)):
        (quotient, rest), grads = answers(divmod, kind(x), kind(y))
        assert (np.ravel(quotient)[0], np.ravel(rest)[0]) == divmod(x, y)
        assert [np.ravel(g)[0] for g in grads] == [1.0, -(x // y)]
    assert answers(lambda x: divmod(7.5, x), kind(2.0))[1] == answers(lambda x: 7.5 % x, kind(2.0))[1]
    assert divmod(kind(2.0), 2)[0].op is not None
    with pytest.raises(TypeError, match="unsupported operand"):
        divmod(kind(2.0), "a")


def test_divmod_in_forward_mode():
    assert jvp(lambda x: divmod(x, 2.0)[1], (5.5,), (3.0,)) == (1.5, 3.0)
    assert grad(grad(lambda x: divmod(x, 2.0)[1] ** 2))(5.5) == 2.0


STATISTICS = [statistics.mean, statistics.fmean, statistics.pstdev, statistics.stdev, statistics.pvariance,
              statistics.variance, statistics.harmonic_mean, statistics.geometric_mean, statistics.median_grouped]


@pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
def test_statistics(Value):
    for f in STATISTICS:
        with pytest.raises(LeavesGraphError, match="help: "):
            f([Value(1.0), Value(2.5), Value(4.0)])
        with pytest.raises(LeavesGraphError, match="help: "):
            jvp(lambda x, f=f: f([1.0, x, 4.0]), (2.5,), (1.0,))
    assert answers(lambda *xs: statistics.median(xs), Value(1.0), Value(2.5), Value(4.0))[1] == [0.0, 1.0, 0.0]
    assert answers(lambda *xs: statistics.median(xs), Value(1.0), Value(2.5))[1] == [0.5, 0.5]


def of_numbers(f, n):
    try:
        f(*[1.5] * n)
    except TypeError:
        return False
    except ValueError:
        pass
    return True


FUNCTIONS_OF_FLOATS = [(f, n) for module in (math, cmath) for f in vars(module).values() if callable(f)
                       for n in (1, 2) if of_numbers(f, n)]


def test_functions_of_the_math_module_answer_with_a_node_or_refuse():
    assert len(FUNCTIONS_OF_FLOATS) > 60
    nodes = set()
    for f, n in FUNCTIONS_OF_FLOATS:
        for kind in KINDS.values():
            try:
                y = f(*[kind(1.5) for _ in range(n)])
            except LeavesGraphError as error:
                assert "help: " in str(error), f
            else:
                assert y.op is not None, f
                nodes.add(f.__name__)
    assert nodes == {"ceil", "floor", "trunc"}
    assert answers(lambda x, y: math.prod([x, y]), Value(2.0), Value(3.0)) == ([6.0], [3.0, 2.0])
    for f in (math.fsum, lambda xs: math.dist(xs, xs), lambda xs: math.hypot(*xs)):
        with pytest.raises(LeavesGraphError):
            f([Value(1.0), Value(2.0)])


@KIND
def test_conversions_are_refused_in_words(kind):
    for convert, word in ((float, "float"), (int, "int"), (complex, "complex"), (operator.index, "index"),
                          (range, "index"), (hex, "index"), (lambda x: [1, 2][x], "index"),
                          (lambda x: operator.mod("%.2f", x), "float"), (lambda x: complex(1.0, x), "float|complex"),
                          (lambda x: x.as_integer_ratio(), "ratio")):
        with pytest.raises(LeavesGraphError, match=f"(?s)({word}).* a .*help: x.item\\(\\)|a .*{word}.*help: x.item"):
            convert(kind(2.5))
        with pytest.raises(LeavesGraphError, match=r"help: x\.primal is what it holds"):
            jvp(convert, (2.5,), (1.0,))


@KIND
def test_pow_with_a_modulus_is_refused(kind):
    with pytest.raises(UsageError, match="3 arguments were given"):
        pow(kind(2.0), 2, 3)
    with pytest.raises(TypeError):
        pow(2, kind(2.0), 3)


@pytest.mark.parametrize("kind", [*ENGINES.values(), Tensor], ids=[*ENGINES, "Tensor"])
def test_pythons_functions_of_numbers_keep_the_gradient(kind):
    def gradient(f):
        return answers(f, kind(1.25), kind(2.5))[1]
    assert gradient(lambda x, y: sum([x, y, y])) == [1.0, 2.0]
    assert gradient(lambda x, y: sum([y], x)) == [1.0, 1.0]
    assert gradient(lambda x, y: max(x, y) * min(x, y, 3.0)) == [2.5, 1.25]
    assert gradient(lambda x, y: sorted([y, x])[0] * y) == [2.5, 1.25]
    assert gradient(lambda x, y: abs(-x) + pow(y, 2) + (+x)) == [2.0, 5.0]
    assert gradient(lambda x, y: round(x) * y + x) == [1.0, 1.0]
    assert round(kind(1.25), 1).item() == round(1.25, 1)
    assert any([kind(0.0), kind(1.0)]) and not all([kind(0.0), kind(1.0)])


@pytest.mark.parametrize("kind", [*ENGINES.values(), Tensor], ids=[*ENGINES, "Tensor"])
def test_random_numbers(kind):
    """Python's generators compute with operators; NumPy's need floats."""
    x, draw = kind(2.0), random.Random(0)
    assert draw.uniform(x, 3.0).op is not None and draw.gauss(x, 1.0).op is not None
    assert draw.choice([x]) is x
    rng = np.random.default_rng(0)
    for f in (lambda: rng.normal(x), lambda: rng.uniform(0.0, x), lambda: rng.integers(x), lambda: np.random.normal(x)):
        with pytest.raises((LeavesGraphError, UsageError), match="help: "):
            f()


def test_a_row_has_no_truth():
    row = Tensor([1.0, 2.0])
    for ask in (bool, operator.not_, lambda x: x and x, lambda x: all([x])):
        with pytest.raises(ShapeError, match=r"(?s)a Tensor of shape \(2,\): .*help: .*where"):
            ask(row)


@KIND
def test_topological_takes_one_root(kind):
    x = kind(2.0)
    y = x * x
    assert [n is m for n, m in zip(topological(y), (x, y), strict=True)] == [True, True]
    assert topological([y]) is not topological(y) and len(topological((y, x))) == 2
    for wrong in (None, 5, [1.0], [y, None], "ab"):
        with pytest.raises(UsageError, match="topological: roots must be a list of Values and Tensors"):
            topological(wrong)


@pytest.mark.parametrize("kind", [float, *KINDS.values()], ids=["float", *KINDS])
def test_no_out_is_no_argument(kind):
    x = kind(2.0)
    for given, alone in ((ops.dot(x, x, None), ops.dot(x, x)), (ops.sum(x, out=None), ops.sum(x)),
                         (dot([x], [x], None), dot([x], [x])), (ops.matmul([3.0], [2.0], out=None), 6.0)):
        np.testing.assert_array_equal(*[np.asarray(getattr(y, "data", y)) for y in (given, alone)])
    with pytest.raises(AutogradError):
        ops.dot(x, x, np.empty(()))
