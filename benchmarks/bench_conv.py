"""Convolution, pooling and batch normalisation against PyTorch eager: forward and backward, one thread, float32.

    pip install '.[bench]' && python benchmarks/bench_conv.py [--quick]

conv 5x5        32x3x32x32 with 64 filters 5x5, all gradients; then without that by the input, which
                the first layer of a network does not need
conv 3x3        a second layer: 32x64x16x16 with 64 filters 3x3, all gradients
max pool        32x64x28x28, windows of 2x2
batch norm      32x64x28x28, training

The backward pass starts from an array that is given, as it does inside a network. Results and
gradients are compared before anything is timed. The runs are interleaved in one process, and
medians are printed.

NumPy's convolution is as quick as the matrix products of its BLAS. OpenBLAS chooses its kernels by
the processor's name, and for some AMD processors with AVX-512 it does without that;
`OPENBLAS_CORETYPE=SkylakeX` asks for it. The first line says which kernels ran.
"""

from __future__ import annotations

import argparse
from typing import Any

from side_by_side import Step, environment, import_torch, kernels, same, times

import numpy as np  # after side_by_side, which sets the number of threads
import autograd_nn as ag
from autograd_nn import Tensor, nn
from autograd_nn.core.reverse import cotangents


def arrays(*shapes: tuple[int, ...]) -> list[Any]:
    """Normal numbers of these shapes, in float32."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def conv(torch: Any, x: tuple[int, ...], w: tuple[int, ...], by_input: bool) -> tuple[Step, Step | None]:
    """A convolution with bias, and the gradients by weight, bias and, if asked for, input."""
    out = (x[0], w[0], x[2] - w[2] + 1, x[3] - w[3] + 1)
    data, weight, bias, seed = arrays(x, w, w[:1], out)
    leaves = [Tensor(a) for a in ((data, weight, bias) if by_input else (weight, bias))]

    def ours() -> tuple[Any, ...]:
        y = ag.conv2d(*leaves) if by_input else ag.conv2d(data, *leaves)
        found = cotangents({y: seed})
        return y.data, *[found[leaf] for leaf in leaves]

    if not torch:
        return ours, None
    others = [torch.tensor(a.data, requires_grad=True) for a in leaves]
    fixed, given = torch.tensor(data), torch.tensor(seed)

    def theirs() -> tuple[Any, ...]:
        for other in others:
            other.grad = None
        y = torch.nn.functional.conv2d(*others) if by_input else torch.nn.functional.conv2d(fixed, *others)
        y.backward(given)
        return y.detach().numpy(), *[other.grad.numpy() for other in others]
    return ours, theirs


def layer(torch: Any, batch: int, kind: str, *options: int) -> tuple[Step, Step | None]:
    """A layer of nn, and the one of PyTorch that has its name."""
    data, = arrays((batch, 64, 28, 28))
    mine, x = getattr(nn, kind)(*options), Tensor(data)
    _, seed = arrays((1,), mine(x).shape)                # other numbers than the data

    def ours() -> tuple[Any, ...]:
        y = mine(x)
        return y.data, cotangents({y: seed})[x]

    if not torch:
        return ours, None
    other, tx, given = getattr(torch.nn, kind)(*options), torch.tensor(data, requires_grad=True), torch.tensor(seed)

    def theirs() -> tuple[Any, ...]:
        tx.grad = None
        y = other(tx)
        y.backward(given)
        return y.detach().numpy(), tx.grad.numpy()
    return ours, theirs


def main(argv: list[str] | None = None) -> None:
    """Run the comparisons and print them."""
    parser = argparse.ArgumentParser(description="convolution, pooling and batch norm against PyTorch eager")
    parser.add_argument("--quick", action="store_true", help="few runs: does it still work?")
    quick = parser.parse_args(argv).quick
    blas = kernels()
    torch = import_torch()
    print(environment(torch, blas))
    print(f"{'forward and backward':34}{'autograd_nn ms':>16}{'torch ms':>12}{'relative to torch':>20}")
    batch = 2 if quick else 32
    works = [("conv 5x5", conv(torch, (batch, 3, 32, 32), (64, 3, 5, 5), True)),
             ("conv 5x5, input constant", conv(torch, (batch, 3, 32, 32), (64, 3, 5, 5), False)),
             ("conv 3x3", conv(torch, (batch, 64, 16, 16), (64, 64, 3, 3), True)),
             ("max pool 2x2", layer(torch, batch, "MaxPool2d", 2)),
             ("batch norm", layer(torch, batch, "BatchNorm2d", 64))]
    for title, (ours, theirs) in works:
        if theirs is not None:
            same(title, ours(), theirs())
        steps = {name: step for name, step in (("autograd_nn", ours), ("torch", theirs)) if step}
        found = times(steps, 1 if quick else 41)
        mine, other = (*[t.median / 1e3 for t in found.values()], float("nan"))[:2]
        print(f"{title:34}{mine:16.2f}{other:12.2f}{mine / other:20.2f}")


if __name__ == "__main__":
    main()
