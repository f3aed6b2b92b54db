"""What a transform is called with: integers are numbers, and what is no function is refused at once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor, Value, elementwise_grad, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd_nn.errors import UsageError

KINDS = (int, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
NUMBERS = [kind(3) for kind in (*KINDS, Fraction)]
AT = {
    "grad": lambda f, x: grad(f)(x), "value_and_grad": lambda f, x: value_and_grad(f)(x)[1],
    "elementwise_grad": lambda f, x: elementwise_grad(f)(x), "jacobian": lambda f, x: jacobian(f)(x),
    "hessian": lambda f, x: hessian(lambda x: f(x) * x / 3)(x), "jvp": lambda f, x: jvp(f, (x,), (1,))[1],
    "vjp": lambda f, x: vjp(f, x)[1](1)[0], "hvp": lambda f, x: hvp(lambda x: f(x) * x / 3, x, 1),
}


@pytest.mark.parametrize("name", AT)
@pytest.mark.parametrize("x", NUMBERS, ids=lambda x: type(x).__name__)
def test_an_integer_or_a_fraction_is_taken_for_the_number(name, x):
    assert ag.check_gradients(lambda x: x * x, x).ok
    found = AT[name](lambda x: x * x * 100, x)           # 900 would not fit into a small integer
    assert type(found) is float and found == 600.0
    one = type(x)(1)
    assert jvp(lambda x: x * x, (x,), (one,))[1] == vjp(lambda x: x * x, x)[1](one)[0] == 6.0
    assert hvp(lambda x: x * x * x, x, one) == 18.0


@pytest.mark.parametrize("name", AT)
def test_a_bool_and_an_array_of_integers_are_refused(name):
    for x in (True, np.bool_(True), np.array([1, 2])):
        with pytest.raises((ag.errors.DTypeError, ag.errors.ShapeError)):
            AT[name](lambda x: x * x, x)


TAKERS = {t.__name__: t for t in (grad, value_and_grad, elementwise_grad, jacobian, hessian)}
CALLS = {"jvp": lambda f, x: jvp(f, (x,), (1.0,)), "vjp": vjp, "hvp": lambda f, x: hvp(f, x, 1.0),
         "checkpoint": lambda f, x: ag.checkpoint(f)}


@pytest.mark.parametrize("name", [*TAKERS, *CALLS])
@pytest.mark.parametrize("w", [Value(2.0), Tensor(2.0)], ids=["Value", "Tensor"])
def test_a_node_for_the_function_is_refused_at_once(name, w):
    with pytest.raises(UsageError, match=rf"{name}: the first argument is a function(.|\n)*backward\(\)"):
        {**TAKERS, **CALLS}[name](w * w, w)
    for several in ([w * w], (w * w, 1.0), {"loss": w}):
        with pytest.raises(UsageError, match=rf"{name}: the first argument is a function(.|\n)*backward\(\)"):
            {**TAKERS, **CALLS}[name](several, w)
    with pytest.raises(UsageError, match=r"the first argument is a function, not float 3\.0"):
        {**TAKERS, **CALLS}[name](3.0, w)


@pytest.mark.parametrize("name", TAKERS)
@pytest.mark.parametrize("point", [Value(2.0), 2.0, np.ones(2), [Value(2.0)], "x", None, True], ids=repr)
def test_a_point_for_argnums_is_refused_at_once(name, point):
    with pytest.raises(UsageError, match=rf"{name}: argnums=(.|\n)*{name}\(f\)\(x\)"):
        TAKERS[name](lambda x: x * x, point)


def test_argnums_of_every_kind_are_taken():
    f = lambda a, b: a * b * b
    for several in ([0, 1], (0, -1), range(2), np.array([0, 1])):
        assert grad(f, several)(2.0, 3.0) == (9.0, 12.0)
    assert grad(f, np.int64(1))(2.0, 3.0) == 12.0


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")           # of NumPy's matrix
@pytest.mark.parametrize("kind", [np.asarray, np.ma.array, np.matrix], ids=["ndarray", "masked", "matrix"])
def test_an_array_of_another_class_is_taken_as_an_array(kind):
    """A matrix would multiply in its own way, and a masked array keep no derivative."""
    x, v = kind([[1.0, 2.0], [3.0, 4.0]]), kind([[1.0, 0.0], [2.0, 0.0]])
    f, want = lambda x: (x * x * x).sum(), 6 * np.asarray(x) * np.asarray(v)
    for found in (hvp(f, x, v), jvp(grad(f), (x,), (v,))[1], grad(lambda x: jvp(f, (x,), (v,))[1])(x),
                  grad(lambda d: jvp(f, (d["x"],), (v,))[1])({"x": x})["x"], vjp(grad(f), x)[1](v)[0]):
        assert type(found) is np.ndarray and (found == want).all()
