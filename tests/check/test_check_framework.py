"""Whose gradient is checked where the inputs are plain: the framework is found in the function, or it is said."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import types

import numpy as np
import pytest
from helpers.torch_peer import wrong_square

import autograd_nn as ag
from autograd_nn import check_gradients, errors, nn
from autograd_nn.check import Verdict
from autograd_nn.check._framework import FIRST, by_function, mentions

A = np.random.default_rng(0).normal(size=(3, 2))
FRAMEWORKS = ["torch", "jax", "autograd"]


def needs(name):
    installed = importlib.util.find_spec(name) is not None
    return pytest.mark.skipif(not installed, reason=f"{name} is not installed: its adapter is not tested here")


def disagreeing(f, *inputs):
    with pytest.raises(errors.CheckError) as caught:
        check_gradients(f, *inputs)
    return caught.value.report


@pytest.fixture(params=FRAMEWORKS)
def other(request, monkeypatch):
    """(a module of a framework's name, the name): a stand-in, so that no framework is needed."""
    name = request.param
    module = types.ModuleType(f"{name}.numpy")
    exec("def sine(x):\n    return x.sin()\nclass Layer:\n    def __call__(self, x):\n        return x", vars(module))
    parent = types.ModuleType(name)
    parent.numpy = module
    monkeypatch.setitem(sys.modules, name, parent)
    monkeypatch.setitem(sys.modules, f"{name}.numpy", module)
    return module, name


class Holder:
    """A function of a user that keeps what it needs."""

    def __init__(self, held):
        self.held = held

    def __call__(self, x):
        return self.held.sine(x)

    def method(self, x):
        return self.held.sine(x)


def ways(module):
    """Ways to use a framework in a function."""
    sine, layer = module.sine, module.Layer()
    namespace = {"m": module, "__name__": "users"}
    exec(f"import {module.__name__} as im\ndef by_global(x):\n    return m.sine(x)\n"
         "def helper(x):\n    return by_global(x)\ndef by_helper(x):\n    return helper(x)\n"
         f"def by_import(x):\n    import {module.__name__} as local\n    return local.sine(x)\n"
         f"def by_from(x):\n    from {module.__name__} import sine\n    return sine(x)\n"
         "def inside(x):\n    return (lambda y: m.sine(y))(x)\n", namespace)
    users = types.ModuleType("users")
    vars(users).update(namespace)

    def defaulted(x, f=sine):
        return f(x)

    @functools.wraps(defaulted)
    def wrapper(x):
        return sine(x)
    return [lambda x: module.sine(x), lambda x: sine(x), lambda x: layer(x), sine, layer, defaulted, wrapper,
            lambda x: users.by_helper(x), lambda x: [f(x) for f in [sine]], functools.partial(sine),
            functools.partial(lambda f, x: f(x), sine), functools.lru_cache(lambda x: sine(x)), Holder(module),
            Holder(module).method, lambda x: Holder(module)(x), *(vars(users)[name] for name in
            ("by_global", "by_helper", "by_import", "by_from", "inside"))]


def test_the_framework_is_found_in_the_function(other):
    module, name = other
    found = [mentions(f).foreign for f in ways(module)]
    assert found == [[name]] * len(found)
    assert by_function(ways(module)[0])[0] == name


def test_where_there_is_none(other):
    model = nn.MLP(2, 3, 1, rng=0)
    for f in (lambda x: x * x, lambda x: np.sin(x).sum(), np.sin, abs, functools.partial(pow, 2.0), model,
              lambda x: model(x).sum()):
        assert mentions(f).foreign == []


def test_an_attribute_is_no_variable_of_the_same_name(other):
    """As after `from autograd_nn import *`."""
    module, name = other
    namespace = {"m": module, "sine": ag.sin, "__name__": "users"}
    exec("def f(x):\n    return m.sine(x)", namespace)
    assert by_function(namespace["f"])[0] == name


def test_a_function_that_is_a_framework_s_own_is_named(other):
    module, name = other
    assert by_function(module.sine) == (name, f"the gradient is that of {name}: the function refers to "
                                        f"{module.sine.__module__ or module.sine.__globals__['__name__']}")


def test_a_long_list_is_not_read_to_its_end():
    assert mentions(lambda x, data=list(range(10 ** 5)): x).of == {} and FIRST < 1000


def test_recursion_and_cells_that_are_empty():
    def f(x):
        return f(x) + later(x)
    assert mentions(f).of == {}
    later = abs
    assert mentions(f).of == {}


def test_the_report_says_whose_gradient_it_is():
    report = check_gradients(lambda x: (x * x).sum(), A)
    assert report.framework == report.to_dict()["framework"] == "autograd_nn" and "note" not in str(report)
    assert "note" not in str(check_gradients(lambda x: ag.sum(x * x), A))
    assert "note" not in str(check_gradients(lambda x: (x * x).sum(), ag.Tensor(A)))
    assert check_gradients(lambda x: x * x, 2.0, gradient=lambda x: 2 * x).framework == "hand-written"


@pytest.mark.parametrize("f", [
    lambda x: getattr(np, "sum")(x), lambda x: eval("x * x").sum(),          # noqa: B009
    lambda x: sys.modules["numpy"].sum(x), lambda x: globals()["np"].sum(x)], ids=["getattr", "eval", "sys", "globals"])
def test_where_a_framework_may_hide_it_is_said_that_none_was_found(f):
    report = check_gradients(f, A)
    assert "note: the gradient is that of autograd_nn: no framework was found in the function" in str(report)
    assert "note" not in str(check_gradients(f, A, framework="autograd_nn"))


def test_what_cannot_be_looked_into_is_said():
    class Compiled:
        __slots__ = ()
        __module__ = "somewhere"
        __call__ = staticmethod(abs)
    compiled = Compiled()
    assert "no framework was found" in by_function(compiled)[1]
    assert "which uses compiled" in by_function(lambda x: compiled(x))[1]
    assert by_function(lambda x: abs(x))[1] == by_function(np.sin)[1] == by_function(functools.lru_cache(len))[1] == ""


def test_both_are_said(other):
    module, name = other
    name_found, origin = by_function(lambda x: ag.sin(module.sine(x)))
    assert name_found == "autograd_nn" and f"framework='{name}'" in origin


@needs("autograd")
@pytest.mark.parametrize("x", [A, 0.5, np.float64(0.5)], ids=["array", "float", "numpy float"])
def test_a_wrong_rule_of_hips_autograd(x):
    import autograd.numpy as anp
    from autograd.extend import defvjp, primitive
    square = primitive(lambda x: x ** 2)
    defvjp(square, lambda y, x: lambda g: g * 2.0002 * x)
    report = disagreeing(lambda x: anp.sum(square(x)), x)
    assert report.framework == "autograd" and report.counts[Verdict.DISAGREE] == np.size(x)
    assert "the gradient is that of autograd: the function refers to" in str(report)
    assert disagreeing(lambda x: square(x) if np.ndim(x) == 0 else square(x).sum(), x).framework == "autograd"
    right = check_gradients(lambda x: anp.sum(anp.sin(x)), x)
    assert right.framework == "autograd" and right.counts[Verdict.AGREE] == np.size(x)
    assert check_gradients(lambda x: anp.sum(x * x), x, framework="autograd_nn").framework == "autograd_nn"


@needs("jax")
def test_a_wrong_rule_of_jax():
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def square(x):
        return x ** 2
    square.defvjp(lambda x: (x ** 2, x), lambda x, g: (g * 2.02 * x,))
    for f in (lambda x: jnp.sum(square(x)), lambda x: square(x).sum(), jax.jit(lambda x: square(x).sum())):
        report = disagreeing(f, A)
        assert report.framework == "jax" and report.counts[Verdict.DISAGREE] == 6
    assert check_gradients(lambda x: jnp.sin(x).sum(), A).framework == "jax"


@needs("torch")
def test_a_wrong_rule_of_torch():
    import torch
    square = wrong_square()
    report = disagreeing(lambda x: square(x).sum(), A)
    assert report.framework == "torch" and report.counts[Verdict.DISAGREE] == 6
    assert check_gradients(lambda x: torch.sin(x).sum(), A).framework == "torch"


@needs("torch")
def test_the_framework_of_what_is_returned():
    """Where nothing in the function gives it away."""
    hidden = importlib.import_module("torch").__name__
    report = check_gradients(lambda x: sys.modules[hidden].as_tensor(getattr(x, "_data", x)).sum() * 3.0, A)
    assert report.framework == "torch"
