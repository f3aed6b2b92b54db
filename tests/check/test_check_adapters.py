"""check_gradients on functions of torch, jax and HIPS/autograd, where these are installed."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from helpers.checking import failing
from helpers.fresh_python import python
from helpers.torch_peer import wrong_square

from autograd_nn import check_gradients, errors
from autograd_nn.check import Verdict

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(3, 2)), RNG.normal(size=2)
FRAMEWORKS = ["torch", "jax", "autograd"]


def needs(name):
    installed = importlib.util.find_spec(name) is not None
    return pytest.mark.skipif(not installed, reason=f"{name} is not installed: its adapter is not tested here")


def agree(report):
    return report.ok and report.counts[Verdict.AGREE] == len(report.findings) > 0


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch", reason="torch is not installed: its adapter is not tested here")
    torch.set_num_threads(1)
    return torch


def test_torch(torch):
    a, b = torch.tensor(A), torch.tensor(B)
    report = check_gradients(lambda x, y: (x.sin() @ y).sum() * y[0], a, b, order=3)
    assert agree(report) and len(report.findings) == 24 and a.grad is None
    assert {law.name for law in report.laws if law.verdict is Verdict.AGREE} >= {
        "forward as reverse", "linear in the cotangent", "Hessian symmetric", "same bits twice"}
    assert agree(check_gradients(lambda x: x @ b, a, cotangents="random"))
    assert agree(check_gradients(lambda p: (p["a"][0] ** 2).sum(), {"a": [a, 7], "n": None}))
    assert agree(check_gradients(lambda x, t: (x * x).sum() * t, A, 2.0, framework="torch"))
    assert agree(check_gradients(lambda x: torch.tensor(3.0), a))


def test_torch_modules(torch):
    model = torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.Tanh(), torch.nn.Linear(30, 5)).double()
    x, y = torch.tensor(RNG.normal(size=(16, 20))), torch.tensor(RNG.integers(0, 5, 16))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    loss = lambda: torch.nn.functional.cross_entropy(model(x), y)
    report = check_gradients(loss, parameters=model.named_parameters())
    assert agree(report) and [p.name for p in report.parts] == list(before)
    assert all(torch.equal(before[name], p) and p.grad is None for name, p in model.named_parameters())
    wrong = failing(lambda: loss() + 1e-3 * model[0].weight[3, 7].detach(), parameters=model.named_parameters())
    assert "0.weight [3, 7]" in {f.where for f in wrong.findings if f.verdict is Verdict.DISAGREE}


def test_torch_gradients_that_are_wrong(torch):
    square = wrong_square()
    report = failing(lambda x: square(x).sum(), torch.tensor(A))
    assert report.counts[Verdict.DISAGREE] == 6
    assert torch.autograd.gradcheck(lambda x: square(x).sum(), torch.tensor(A, requires_grad=True))   # it passes


def test_torch_float32(torch):
    report = check_gradients(lambda x: (x ** 2).sum(), torch.tensor(A, dtype=torch.float32))
    assert report.ok and report.parts[0].dtype == "float32"
    for coarse in (torch.bfloat16, torch.float16):
        with pytest.raises(errors.DTypeError, match="too coarse"):
            check_gradients(lambda x: (x ** 2).sum(), torch.tensor(B, dtype=coarse))


def test_torch_float32_is_judged_in_float64_where_the_function_can_be(torch):
    a = torch.tensor(A @ A.T, dtype=torch.float32)
    seen = []

    def f(x):
        seen.append(x.dtype)
        return torch.tanh(x @ x.T).sum()
    report = check_gradients(f, a, rng=0)
    assert agree(report) and set(seen) == {torch.float32, torch.float64} and report.parts[0].dtype == "float32"
    assert any("in float64" in str(f) for f in report.findings)
    held = torch.tensor(A, dtype=torch.float32)                      # matmul takes no two dtypes: it stays in float32
    report = check_gradients(lambda x: torch.tanh(x @ held).sum(), a)
    assert report.ok and not any("in float64" in str(f) for f in report.findings)
    weight = held.clone().requires_grad_()
    assert check_gradients(lambda x: (x @ weight).sum(), a, parameters=[weight]).ok and weight.dtype == torch.float32


def test_torch_float32_off_by_a_thousandth(torch):
    class Sine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.sin(x)

        @staticmethod
        def backward(ctx, g):
            return 1.001 * g * torch.cos(ctx.saved_tensors[0])
    assert failing(lambda x: Sine.apply(x).sum(), torch.tensor([0.3, 0.9])).counts[Verdict.DISAGREE] == 2


@needs("jax")
def test_jax_float32_is_judged_in_float64():
    import jax
    import jax.numpy as jnp
    a = jnp.asarray(A @ A.T, jnp.float32)
    assert agree(check_gradients(lambda x: jnp.tanh(x @ x.T).sum(), a, order=2, rng=0))
    assert agree(check_gradients(lambda x: jnp.tanh(x @ x.T), a, cotangents="random", rng=0))

    @jax.custom_vjp
    def sine(x):
        return jnp.sin(x)
    sine.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (1.001 * g * jnp.cos(x),))
    assert failing(lambda x: sine(x).sum(), jnp.asarray([0.3, 0.9], jnp.float32)).counts[Verdict.DISAGREE] == 2
    assert jnp.asarray(A).dtype == (jnp.float64 if jax.config.jax_enable_x64 else jnp.float32)


def test_torch_messages(torch):
    a = torch.tensor(A)
    for f, error, words in [(lambda x: x * 2, errors.ShapeError, r"\(3, 2\)"),
                            (lambda x: None, errors.UsageError, "None"),
                            (lambda x: x.mul_(2).sum(), errors.EvaluationError, "in-place"),
                            (lambda x: (x * np.nan).sum(), errors.EvaluationError, "returned nan")]:
        with pytest.raises(error, match=words):
            check_gradients(f, a)
    with pytest.raises(errors.DTypeError, match=r"torch\.int64"):
        check_gradients(lambda x: x, torch.arange(3))
    with pytest.raises(errors.UsageError, match="require a gradient"):
        check_gradients(lambda: a.sum(), parameters=[a])


@needs("jax")
@pytest.mark.parametrize("x64", [True, False])
def test_jax(x64):
    import jax
    import jax.numpy as jnp
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", x64)
    try:
        a, b = jnp.asarray(A), jnp.asarray(B)
        report = check_gradients(lambda x, y: (jnp.sin(x) @ y).sum() * y[0], a, b, order=2)
        assert report.ok and len(report.findings) == 16 and report.parts[0].dtype == ("float64" if x64 else "float32")
        assert {law.name for law in report.laws if law.verdict is Verdict.AGREE} >= {"forward as reverse",
                                                                                     "Hessian symmetric"}
        assert agree(report) or not x64
        assert check_gradients(lambda x: x @ b, a, cotangents="random").counts[Verdict.DISAGREE] == 0
        assert check_gradients(lambda p: (p["a"][0] ** 2).sum(), {"a": [a]}).parts[0].name == "input 0.a[0]"
        assert agree(check_gradients(lambda x: 3.0, a))

        @jax.custom_vjp
        def square(x):
            return x ** 2
        square.defvjp(lambda x: (x ** 2, x), lambda x, g: (g * 2.0002 * x if x64 else g * 2.02 * x,))
        assert failing(lambda x: square(x).sum(), a).counts[Verdict.DISAGREE] == 6
        with pytest.raises(errors.UsageError, match="no parameters"):
            check_gradients(lambda x: x, 1.0, parameters=[1.0], framework="jax")
        with pytest.raises(errors.DTypeError, match="int"):
            check_gradients(lambda x: x, jnp.arange(3))
    finally:
        jax.config.update("jax_enable_x64", before)


@needs("autograd")
def test_hips_autograd():
    import autograd
    import autograd.numpy as anp
    report = check_gradients(lambda x, y: anp.sum(anp.sin(x) @ y) * y[0], A, B, framework="autograd", order=2)
    assert agree(report) and len(report.findings) == 16
    assert agree(check_gradients(lambda x: x @ B, A, cotangents="random", framework="autograd"))
    assert agree(check_gradients(lambda p: p["w"][0] * anp.sum(p["x"] ** 2), {"w": [2.0], "x": A},
                                 framework="autograd"))

    @autograd.extend.primitive
    def square(x):
        return x ** 2
    autograd.extend.defvjp(square, lambda y, x: lambda g: g * 2.0002 * x)
    assert failing(lambda x: anp.sum(square(x)), A, framework="autograd").counts[Verdict.DISAGREE] == 6


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_that_is_missing(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(errors.UsageError, match=f"{name} cannot be imported(.|\n)*pip install {name}"):
        check_gradients(lambda x: x, 1.0, framework=name)


def test_nothing_is_imported_that_is_not_used():
    code = ("import sys; from autograd_nn import check_gradients; check_gradients(lambda x: x * x, 2.0);"
            "print([m for m in ('torch', 'jax', 'autograd', 'matplotlib', 'hypothesis') if m in sys.modules])")
    assert python(code) == "[]\n"
