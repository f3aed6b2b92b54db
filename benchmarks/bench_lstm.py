"""An LSTM layer against PyTorch's: 50 steps, batch 32, hidden size 64; forward and backward, one thread, float32.

    pip install '.[bench]' && python benchmarks/bench_lstm.py [--quick]

layer, input given      nn.LSTM with gradients of all weights, as the first layer of a network has it
layer, all gradients    and that by the input, as a second layer has it
op alone                ops.lstm with the gradients of its six inputs, without a graph around it, beside
                        all gradients of PyTorch's layer

The backward pass starts from an array that is given, as it does inside a network. Results and
gradients are compared before anything is timed. The runs are interleaved in one process, and
medians are printed.

The products of matrices alone, timed one by one, take two thirds of our time. OpenBLAS chooses its
kernels by the processor's name, and for some AMD processors with AVX-512 it does without that;
`OPENBLAS_CORETYPE=SkylakeX` asks for it. The first line says which kernels ran.
"""

from __future__ import annotations

import argparse
from typing import Any

from side_by_side import Step, environment, import_torch, kernels, same, times

import numpy as np  # after side_by_side, which sets the number of threads
from autograd_nn import Tensor, nn, ops
from autograd_nn.core.reverse import cotangents

TIME, BATCH, HIDDEN = 50, 32, 64


def layer(torch: Any, features: int, by_input: bool) -> tuple[Step, Step | None]:
    """A layer of each library with the same weights: output, then the gradients."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(TIME, BATCH, features)).astype(np.float32)
    seed = rng.normal(size=(TIME, BATCH, HIDDEN)).astype(np.float32)
    mine = nn.LSTM(features, HIDDEN, rng=0)
    x = Tensor(data) if by_input else data
    leaves = [*mine.parameters(), *([x] if by_input else [])]

    def ours() -> tuple[Any, ...]:
        y, _ = mine(x)
        found = cotangents({y: seed})
        return y.data, *[found[leaf] for leaf in leaves]

    if not torch:
        return ours, None
    other, tx, given = torch.nn.LSTM(features, HIDDEN), torch.tensor(data, requires_grad=by_input), torch.tensor(seed)
    other.load_state_dict({name: torch.tensor(a) for name, a in mine.state_dict().items()})
    others = [*other.parameters(), *([tx] if by_input else [])]

    def theirs() -> tuple[Any, ...]:
        for p in others:
            p.grad = None
        y, _ = other(tx)
        y.backward(given)
        return y.detach().numpy(), *[p.grad.numpy() for p in others]
    return ours, theirs


def alone(features: int) -> Step:
    """The op and its rules on plain arrays."""
    rng = np.random.default_rng(0)
    shapes = ((TIME, BATCH, features), (4 * HIDDEN, features), (4 * HIDDEN, HIDDEN), (4 * HIDDEN,), (BATCH, HIDDEN),
              (BATCH, HIDDEN), (2, TIME, BATCH, HIDDEN))
    *xs, g = [rng.normal(0, 0.1, shape).astype(np.float32) for shape in shapes]
    g[1] = 0                                             # the cells serve nobody else

    def ours() -> tuple[Any, ...]:
        y = ops.lstm.array(*xs)
        return y, *[rule(g, y, *xs) for rule in ops.lstm.array_rules]
    return ours


def main(argv: list[str] | None = None) -> None:
    """Run the comparisons and print them."""
    parser = argparse.ArgumentParser(description="an LSTM layer against PyTorch's")
    parser.add_argument("--quick", action="store_true", help="few runs: does it still work?")
    quick = parser.parse_args(argv).quick
    blas = kernels()
    torch = import_torch()
    print(environment(torch, blas))
    print(f"{'forward and backward':38}{'autograd_nn ms':>16}{'torch ms':>12}{'relative to torch':>20}")
    for features in (32, 64):
        works = [(f"layer, input {features} given", *layer(torch, features, False)),
                 (f"layer, input {features}, all gradients", *layer(torch, features, True))]
        for title, ours, theirs in works:
            if theirs is not None:
                same(title, ours(), theirs())
        works.append((f"op alone, input {features}", alone(features), works[1][2]))
        for title, ours, theirs in works:
            steps = {name: step for name, step in (("autograd_nn", ours), ("torch", theirs)) if step}
            found = times(steps, 2 if quick else 81)
            mine, other = (*[t.median / 1e3 for t in found.values()], float("nan"))[:2]
            print(f"{title:38}{mine:16.2f}{other:12.2f}{mine / other:20.2f}")


if __name__ == "__main__":
    main()
