"""Forward mode against HIPS/autograd, PyTorch and JAX: jvp, and hvp (forward over reverse); one thread, float64.

    pip install '.[bench]' && python benchmarks/bench_forward.py [--quick]

chain         50 ops of all kinds, one after another, on 8 and on 10,000 numbers: products, sin, tanh, shapes, slices,
              concatenations, means
MLP           64-32-10, batch 32, tanh and cross entropy, along all parameters
LSTM          20 steps of a cell of 16 with 8 inputs, batch 4, written out, along all weights

Each function is written once, for any library with NumPy's names, and its tangents are compared with HIPS's, PyTorch's
and JAX's before anything is timed. "function" is what it takes in NumPy without a derivative: a jvp has about twice
that to compute, and a hvp six times. "over 4 functions" is what a jvp takes beside 4 times that, for each op: the
bookkeeping of forward mode. A hvp of HIPS is its `make_hvp` (reverse over reverse), of PyTorch and JAX
jvp(grad(f)). All run eagerly, each time from the start; JAX as compiled (jit) stands in a column of its own, but for
the loop, which takes it a minute to compile.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from side_by_side import environment, import_torch, kernels, same, times

import numpy as np  # after side_by_side, which sets the number of threads

import autograd_nn as ag

Function = Callable[..., Any]
PEERS = ("autograd_nn", "HIPS", "torch", "jax", "jax jit")


class Work(NamedTuple):
    """A function of a library and of arrays, the arrays, along what to differentiate, and how many ops it calls."""

    title: str
    function: Function
    arguments: list[Any]
    tangents: list[Any]
    ops: int
    scalar: bool


def chain(lib: Any, x: Any, c: Any) -> Any:
    """50 ops."""
    for _ in range(5):
        x = lib.sin(x * c)
        x = x.reshape(2, -1)
        x = lib.concatenate([x[1:], x[:1]])
        x = x.reshape(-1)
        x = lib.tanh(x - x.mean())
    return x


def chain_summed(lib: Any, x: Any, c: Any) -> Any:
    return chain(lib, x, c).sum()


def mlp(lib: Any, w1: Any, b1: Any, w2: Any, b2: Any, x: Any, target: Any) -> Any:
    """The cross entropy of a network of two layers: 12 ops."""
    z = lib.tanh(x @ w1 + b1) @ w2 + b2
    return (lib.log(lib.exp(z).sum(1)) - (z * target).sum(1)).mean()


def lstm(lib: Any, w: Any, u: Any, b: Any, xs: Any) -> Any:
    """The mean square of the last state: 19 ops a step, and 8 that are called once."""
    n = u.shape[0]
    h, c = xs[0, :, :1] * b[:n] * 0.0, xs[0, :, :1] * b[:n] * 0.0
    for x in xs:
        z = x @ w + h @ u + b
        gates = lib.tanh(z[:, :3 * n] * 0.5) * 0.5 + 0.5
        c = gates[:, :n] * c + gates[:, n:2 * n] * lib.tanh(z[:, 3 * n:])
        h = gates[:, 2 * n:] * lib.tanh(c)
    return (h * h).mean()


def works() -> list[Work]:
    """What is measured."""
    rng = np.random.default_rng(0)

    def arrays(*shapes: tuple[int, ...]) -> list[Any]:
        return [rng.normal(0, 0.3, shape) for shape in shapes]
    found = []
    for n in (8, 10_000):
        xs = [*arrays((n,)), rng.uniform(1, 2, n)]
        found.append(Work(f"chain of 50 ops on {n:,}", chain, xs, arrays((n,)), 50, False))
        found.append(Work(f"its sum, on {n:,}", chain_summed, xs, arrays((n,)), 51, True))
    layers = (64, 32), (32,), (32, 10), (10,)
    target = np.eye(10)[rng.integers(10, size=32)]
    found.append(Work("MLP", mlp, [*arrays(*layers), rng.normal(size=(32, 64)), target], arrays(*layers), 12, True))
    weights = (8, 64), (16, 64), (64,)
    found.append(Work("LSTM", lstm, [*arrays(*weights), rng.normal(size=(20, 4, 8))], arrays(*weights), 20 * 19 + 8,
                      True))
    return found


def forms(work: Work, second: bool, torch: Any, compiled: bool) -> dict[str, Function]:
    """jvp or hvp of each library that is installed, as functions without arguments that give NumPy's arrays."""
    _, function, arguments, tangents, _, _ = work
    k, found = len(tangents), {}
    xs, ts, rest = tuple(arguments[:k]), tuple(tangents), arguments[k:]

    def ours(*xs: Any) -> Any:
        return function(np, *xs, *rest)
    every = tuple(range(k))
    found["autograd_nn"] = (lambda: ag.jvp(ag.grad(ours, argnums=every), xs, ts)[1]) if second else \
        (lambda: [ag.jvp(ours, xs, ts)[1]])
    hips = in_hips(function, xs, ts, rest, second)
    if hips:
        found["HIPS"] = hips
    if torch:
        txs, tts = (tuple(map(torch.tensor, part)) for part in (xs, ts))
        trest = [torch.tensor(x) for x in rest]

        def in_torch(*xs: Any) -> Any:
            return function(torch, *xs, *trest)
        tf = torch.func.grad(in_torch, argnums=every) if second else in_torch
        found["torch"] = lambda: listed(torch.func.jvp(tf, txs, tts)[1])
    return found | in_jax(function, xs, ts, rest, second, compiled)


def in_hips(function: Function, xs: Any, ts: Any, rest: Any, second: bool) -> Function | None:
    """HIPS/autograd's form: of its functions each takes one argument, and that may be a tuple."""
    try:
        import autograd
        import autograd.numpy as anp
    except ImportError:
        return None

    def f(xs: Any) -> Any:
        return function(anp, *xs, *rest)
    if second:
        return lambda: list(autograd.make_hvp(f)(xs)[0](ts))
    alone = f if len(xs) > 1 else lambda x: f((x,))
    point, along = (xs, ts) if len(xs) > 1 else (xs[0], ts[0])
    return lambda: [autograd.make_jvp(alone)(point)(along)[1]]


def in_jax(function: Function, xs: Any, ts: Any, rest: Any, second: bool, compiled: bool) -> dict[str, Function]:
    """JAX's forms, eager and compiled."""
    try:
        import jax
    except ImportError:
        return {}
    jax.config.update("jax_enable_x64", True)
    jxs, jts, jrest = (tuple(map(jax.numpy.asarray, part)) for part in (xs, ts, rest))

    def f(*xs: Any) -> Any:
        return function(jax.numpy, *xs, *jrest)
    df = jax.grad(f, argnums=tuple(range(len(xs)))) if second else f

    def pushed(*ts: Any) -> Any:
        return jax.jvp(df, jxs, ts)[1]
    found = {"jax": lambda: listed(jax.block_until_ready(pushed(*jts)))}
    if compiled:
        fast = jax.jit(pushed)
        found["jax jit"] = lambda: listed(jax.block_until_ready(fast(*jts)))
    return found


def listed(x: Any) -> list[Any]:
    return [np.asarray(part) for part in (x if isinstance(x, (tuple, list)) else [x])]


def main(argv: list[str] | None = None) -> None:
    """Run the comparisons and print them."""
    parser = argparse.ArgumentParser(description="forward mode against other libraries'")
    parser.add_argument("--quick", action="store_true", help="few runs: does it still work?")
    quick, blas = parser.parse_args(argv).quick, kernels()
    torch = import_torch()
    print(environment(torch, blas).replace("float32; medians", "float64; least, not medians,"))
    print(f"{'microseconds':26}{'function':>10}" + "".join(f"{name:>13}" for name in PEERS)
          + f"{'over 4 functions, an op':>26}{'to HIPS':>9}")
    for work in works():
        for second in (False, True)[:1 + work.scalar]:
            if work.function is chain_summed and not second:
                continue                                 # jvp of the chain itself stands above
            found = forms(work, second, torch, not quick and work.function is not lstm)
            for name in [*found][1:]:
                same(f"{work.title}, {name}", found["autograd_nn"](), found[name]())
            steps = {"function": lambda work=work: work.function(np, *work.arguments), **found}
            done = times(steps, 2 if quick else 30, 1 if quick else 4)
            least = {name: t.least for name, t in done.items()}
            mine = least["autograd_nn"]
            over = "" if second else f"{(mine - 4 * least['function']) / work.ops:.2f}"
            print(f"{('hvp ' if second else 'jvp ') + work.title:26}{least['function']:10.0f}"
                  + "".join(f"{least[name]:13.0f}" if name in least else f"{'-':>13}" for name in PEERS)
                  + f"{over:>26}" + (f"{mine / least['HIPS']:9.2f}" if "HIPS" in least else ""))


if __name__ == "__main__":
    main()
