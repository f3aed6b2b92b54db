"""Gradients in hard places, wrong gradients and kinks: what this checker and its peers say of each.

    pip install torch jax autograd && python benchmarks/battery.py

prints the table of `autograd_nn/check/README.md`. Every case is a function of one number, a point,
and a gradient there. The peers run with their own settings, in float64, on the function wrapped as
one operation with that gradient as its rule: torch.autograd.gradcheck, jax.test_util.check_grads
(reverse mode, order 1) and autograd.test_util.check_grads (likewise). The complex step passes a
gradient that is within 1e-5 of it, and says "n/a" where the function takes no complex numbers.
"""

from __future__ import annotations

import importlib.util
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_nn.check import Verdict, complex_step, differentiate, judge


class Case(NamedTuple):
    """A function, a point and a gradient."""

    name: str
    f: Callable[[Any], Any]
    x: float
    gradient: float


def in_float32(f: Callable[[Any], Any]) -> Callable[[Any], float]:
    """f computed in single precision."""
    return lambda x: float(f(np.float32(x)))


def newton(a: float) -> float:
    """The square root, until its square is within 1e-8."""
    y = 1.0
    while abs(y * y - a) > 1e-8:
        y = (y + a / y) / 2
    return y


def bisection(a: float) -> float:
    """The root of y^3 + y = a, by halving an interval until it is shorter than 1e-8."""
    low, high = 0.0, 4.0
    while high - low > 1e-8:
        middle = (low + high) / 2
        low, high = (middle, high) if middle ** 3 + middle < a else (low, middle)
    return low


def simpson(b: float) -> float:
    """The integral of exp(-t^2) from 0 to b."""
    t = np.linspace(0.0, b, 101)
    y = np.exp(-t * t)
    return float(b / 300 * (y[0] + 4 * y[1:-1:2].sum() + 2 * y[2:-1:2].sum() + y[-1]))


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def gelu(x: float) -> float:
    """x times the normal distribution."""
    return x * (1 + math.erf(x / math.sqrt(2))) / 2


def at0(f: Callable[[Any], Any], y0: float = 0.0) -> Callable[[Any], Any]:
    """f, continued at 0."""
    return lambda x: f(x) if x != 0 else y0


def logistic_slope(x: float) -> float:
    """The derivative of the sigmoid."""
    return math.exp(-x) / (1 + math.exp(-x)) ** 2


SEVENTH = np.poly1d([1.0, -1.0]) ** 7           # (x - 1)^7, expanded: it cancels near 1
ROOT = bisection(3.0)
RIGHT = [
    Case("sin(1000 x) at 0.3", lambda x: np.sin(1000 * x), 0.3, 1000 * math.cos(300)),
    Case("sin(1e6 x) at 1", lambda x: np.sin(1e6 * x), 1.0, 1e6 * math.cos(1e6)),
    Case("sin x at 1e8", np.sin, 1e8, math.cos(1e8)),
    Case("1/x at 1e-6", lambda x: 1 / x, 1e-6, -1e12),
    Case("log x at 1e-5", np.log, 1e-5, 1e5),
    Case("log x at 1e-300", np.log, 1e-300, 1e300),
    Case("exp x at 300", np.exp, 300.0, math.exp(300)),
    Case("exp x at -40", np.exp, -40.0, math.exp(-40)),
    Case("exp x at 1e-300", np.exp, 1e-300, 1.0),
    Case("x^3 at 1e8", lambda x: x ** 3, 1e8, 3e16),
    Case("x^2 at 1e-150", lambda x: x * x, 1e-150, 2e-150),
    Case("sqrt x at 1e-12", np.sqrt, 1e-12, 5e5),
    Case("arcsin x at 1 - 1e-10", np.arcsin, 1 - 1e-10, 1 / math.sqrt(1 - (1 - 1e-10) ** 2)),
    Case("tan x at pi/2 - 1e-6", np.tan, math.pi / 2 - 1e-6, 1 + math.tan(math.pi / 2 - 1e-6) ** 2),
    Case("sqrt(x^2 + 1e-12) at 1e-6", lambda x: np.sqrt(x * x + 1e-12), 1e-6, math.sqrt(0.5)),
    Case("sigmoid(200 x) at 0.01", lambda x: sigmoid(200 * x), 0.01, 200 * logistic_slope(2.0)),
    Case("log(1 + x^2) at 1e-9", lambda x: np.log(1 + x * x), 1e-9, 2e-9),
    Case("sin(x)/x at 1e-8", lambda x: np.sin(x) / x, 1e-8, -1e-8 / 3),
    Case("1e8 + sin x at 1", lambda x: 1e8 + np.sin(x), 1.0, math.cos(1)),
    Case("(x-1)^7 expanded, at 1.1", lambda x: SEVENTH(x), 1.1, 7e-6),
    Case("(1 - cos x)/x^2 at 1e-3", lambda x: (1 - np.cos(x)) / x ** 2, 1e-3, -1e-3 / 12),
    Case("(1e8 + x)^2 - 1e16 at 1e-7", lambda x: (1e8 + x) ** 2 - 1e16, 1e-7, 2e8),
    Case("exp(-1/x^2) at 0.05", lambda x: np.exp(-1 / x ** 2), 0.05, 16000 * math.exp(-400)),
    Case("x^x at 1e-5", lambda x: x ** x, 1e-5, 1e-5 ** 1e-5 * (1 + math.log(1e-5))),
    Case("log(x - 1) at 1 + 1e-9", lambda x: np.log(x - 1), 1 + 1e-9, 1 / ((1 + 1e-9) - 1)),
    Case("float32 sin x at 1", in_float32(np.sin), 1.0, math.cos(1)),
    Case("float32 exp(-x^2) at 0.7", in_float32(lambda x: np.exp(-x * x)), 0.7, -1.4 * math.exp(-0.49)),
    Case("float32 log x at 1e-4", in_float32(np.log), 1e-4, 1e4),
    Case("Newton's loop to 1e-8 at 2", newton, 2.0, 0.5 / math.sqrt(2)),
    Case("bisection to 1e-8 at 3", bisection, 3.0, 1 / (3 * ROOT ** 2 + 1)),
    Case("Simpson's rule at 1", simpson, 1.0, math.exp(-1)),
    Case("a constant at 1", lambda x: 3.0 + 0 * x, 1.0, 0.0),
    Case("sin^2 + cos^2 at 1", lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, 1.0, 0.0),
    Case("cos x at 0", np.cos, 0.0, 0.0),
    Case("x |x| at 0", lambda x: x * np.abs(x), 0.0, 0.0),
    Case("|x|^1.5 at 0", lambda x: np.abs(x) ** 1.5, 0.0, 0.0),
    Case("x^2 sin(1/x) at 0", at0(lambda x: x * x * np.sin(1 / x)), 0.0, 0.0),
    Case("|x - 1e-9| at 0", lambda x: np.abs(x - 1e-9), 0.0, -1.0),
    Case("1 + relu x at 1e-7", lambda x: 1 + max(x, 0.0), 1e-7, 1.0),
    Case("relu x at -1e-9", lambda x: max(x, 0.0), -1e-9, 0.0),
    Case("floor x at 0.5", np.floor, 0.5, 0.0),
]
WRONG = [
    Case("sin x at 1, times 1.0001", np.sin, 1.0, math.cos(1) * 1.0001),
    Case("log x at 1e-5, times 1.0001", np.log, 1e-5, 1.0001e5),
    Case("1/x at 1e-6, times 0.9999", lambda x: 1 / x, 1e-6, -0.9999e12),
    Case("x^3 at 1e8, times 1.001", lambda x: x ** 3, 1e8, 3.003e16),
    Case("exp x at -40, times 1.0001", np.exp, -40.0, 1.0001 * math.exp(-40)),
    Case("x^2 at 1e-150, without the 2", lambda x: x * x, 1e-150, 1e-150),
    Case("exp x at -40, said to be 0", np.exp, -40.0, 0.0),
    Case("sin(1000 x) at 0.3, other sign", lambda x: np.sin(1000 * x), 0.3, -1000 * math.cos(300)),
    Case("tanh x at 1, as 1 - y", np.tanh, 1.0, 1 - math.tanh(1)),
    Case("gelu x at 1, of x sigmoid(1.702 x)", gelu, 1.0,
         float(sigmoid(1.702)) + 1.702 * logistic_slope(1.702)),
    Case("sigmoid(200 x) at 0.01, times 1.0002", lambda x: sigmoid(200 * x), 0.01, 200.04 * logistic_slope(2.0)),
    Case("log(1 + x^2) at 1e-9, times 1.001", lambda x: np.log(1 + x * x), 1e-9, 2.002e-9),
    Case("1e8 + sin x at 1, times 1.01", lambda x: 1e8 + np.sin(x), 1.0, 1.01 * math.cos(1)),
    Case("exp(-1/x^2) at 0.05, by half", lambda x: np.exp(-1 / x ** 2), 0.05, 8000 * math.exp(-400)),
    Case("float32 sin x at 1, times 1.001", in_float32(np.sin), 1.0, 1.001 * math.cos(1)),
    Case("Newton's loop at 2, times 1.001", newton, 2.0, 1.001 * 0.5 / math.sqrt(2)),
    Case("x^2 sin(1/x) at 0, said to be 0.01", at0(lambda x: x * x * np.sin(1 / x)), 0.0, 0.01),
    Case("a constant, said to be 1e-7", lambda x: 3.0 + 0 * x, 1.0, 1e-7),
    Case("floor x at 0.5, passed straight through", np.floor, 0.5, 1.0),
    Case("|x - 1e-9| at 0, other side", lambda x: np.abs(x - 1e-9), 0.0, 1.0),
    Case("sin x at 1, nan", np.sin, 1.0, math.nan),
]
KINKS = [
    Case("|x| at 0", np.abs, 0.0, 0.0),
    Case("relu x at 0", lambda x: max(x, 0.0), 0.0, 0.0),
    Case("leaky relu x at 0, slope 0.99", lambda x: x if x > 0 else 0.99 * x, 0.0, 1.0),
    Case("max(x, 2 - x) at the tie", lambda x: max(x, 2 - x), 1.0, 0.0),
    Case("clip(x, -1, 1) at 1", lambda x: min(max(x, -1.0), 1.0), 1.0, 1.0),
    Case("sin x + 1e-5 |x - 1| at 1", lambda x: np.sin(x) + 1e-5 * np.abs(x - 1), 1.0, math.cos(1)),
    Case("float32 1 + |x| at 0", in_float32(lambda x: 1 + np.abs(x)), 0.0, 0.0),
    Case("floor x at 1", np.floor, 1.0, 0.0),
    Case("sign x at 0", np.sign, 0.0, 0.0),
    Case("sqrt x at 0", np.sqrt, 0.0, 0.0),
    Case("sqrt |x| at 0", lambda x: np.sqrt(np.abs(x)), 0.0, 0.0),
    Case("cbrt x at 0", np.cbrt, 0.0, math.inf),
    Case("arccos x at 1", np.arccos, 1.0, -math.inf),
    Case("x log |x| at 0", at0(lambda x: x * np.log(np.abs(x))), 0.0, -math.inf),
    Case("x sin(1/x) at 0", at0(lambda x: x * np.sin(1 / x)), 0.0, 0.0),
    Case("log x at 0", np.log, 0.0, math.inf),
]
GROUPS = {"right gradients": RIGHT, "wrong gradients": WRONG, "kinks": KINKS}


def ours(case: Case) -> str:
    """The verdict of this package, with the complex step as a second opinion."""
    return judge(case.gradient, differentiate(case.f, case.x), complex_step(case.f, case.x)).value


def passes(check: Callable[[], Any]) -> str:
    """What a checker that raises says."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            check()
    except Exception:       # each has its own errors, and all of them mean that the gradient is refused
        return "fail"
    return "pass"


def by_torch(case: Case) -> str:
    """torch.autograd.gradcheck."""
    import torch

    class Wrapped(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return torch.tensor(float(case.f(x.item())), dtype=torch.float64)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * case.gradient

    x = torch.tensor(case.x, dtype=torch.float64, requires_grad=True)
    return passes(lambda: torch.autograd.gradcheck(Wrapped.apply, x))


def by_jax(case: Case) -> str:
    """jax.test_util.check_grads."""
    import jax
    from jax.test_util import check_grads
    jax.config.update("jax_enable_x64", True)
    number = jax.ShapeDtypeStruct((), np.float64)
    f = jax.custom_vjp(lambda x: jax.pure_callback(lambda v: np.float64(case.f(float(v))), number, x))
    f.defvjp(lambda x: (f(x), None), lambda _, g: (g * case.gradient,))
    return passes(lambda: check_grads(f, (case.x,), order=1, modes=["rev"]))


def by_autograd(case: Case) -> str:
    """autograd.test_util.check_grads."""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads
    f = primitive(lambda x: float(case.f(float(x))))
    defvjp(f, lambda y, x: lambda g: g * case.gradient)
    return passes(lambda: check_grads(f, modes=["rev"], order=1)(case.x))


def by_complex_step(case: Case) -> str:
    """The complex step alone."""
    slope = complex_step(case.f, case.x)
    if slope is None:
        return "n/a"
    return "pass" if abs(slope - case.gradient) <= 1e-5 * max(abs(slope), abs(case.gradient)) else "fail"


PEERS: dict[str, tuple[str, Callable[[Case], str]]] = {
    "torch": ("torch", by_torch), "jax": ("jax", by_jax), "HIPS autograd": ("autograd", by_autograd),
    "complex step": ("numpy", by_complex_step)}


def table(groups: dict[str, list[Case]] = GROUPS) -> list[str]:
    """The lines of the table, in Markdown."""
    there = {name: importlib.util.find_spec(module) is not None for name, (module, _) in PEERS.items()}
    lines = []
    for group, cases in groups.items():
        lines += [f"| {group} | autograd_nn | {' | '.join(PEERS)} |", "|---" * (len(PEERS) + 2) + "|"]
        for case in cases:
            says = [check(case) if there[name] else "not installed" for name, (_, check) in PEERS.items()]
            lines.append(f"| {case.name.replace('|', chr(92) + '|')} | {ours(case)} | {' | '.join(says)} |")
        lines.append("")
    return lines


def summary(cases: Sequence[Case]) -> dict[str, int]:
    """How many verdicts of each kind this package gives."""
    said = [ours(case) for case in cases]
    return {verdict.value: said.count(verdict.value) for verdict in Verdict if verdict.value in said}


def main() -> None:
    """Print the table and the sums of our column."""
    print("\n".join(table()))
    for group, cases in GROUPS.items():
        print(f"{len(cases)} {group}: {summary(cases)}")


if __name__ == "__main__":
    main()
