"""Training steps against PyTorch eager, from four ops on 8 elements to a block of a transformer: one thread, float32.

    pip install '.[bench]' && python benchmarks/bench_training.py [--quick] [--only PART] [--rounds N]

ops           tanh(x * c + c), summed: 4 recorded ops on 8 elements, forward and backward; and through value_and_grad
MLP small     64-32-10, batch 32, SGD
MLP large     784-256-128-10, batch 128, Adam
LeNet         28 x 28, batch 64, SGD
conv          3-32-64-128 channels, 3x3, each with relu and pooling, 32 x 32, batch 32, SGD
LSTM          input 32, hidden 64, 50 steps, batch 32, a linear layer on the last state, SGD
transformer   a block of width 64 with 4 heads and 256 hidden units, 64 places, batch 8, SGD

A step is forward, cross entropy, backward and the optimizer. All start from the same weights; losses and gradients are
compared before anything is timed. The runs are interleaved in one process; the least and the median of each are
printed, and the ratio of medians to PyTorch's plain form and to its best. Its other forms: fused and foreach
optimizers; images with channels last.

"NumPy by hand" is what the arithmetic takes in NumPy: with the backward pass written out, in place where that helps,
and no graph at all (by_hand.py). The last line gives the peak of memory during a step of the large MLP, above what is
held between steps, and what of that no engine of this kind can do without: the activations, the gradients and one new
array of weights.

OpenBLAS chooses its kernels by the processor's name, and for some AMD processors with AVX-512 it does without that;
`OPENBLAS_CORETYPE=SkylakeX` asks for it. The first line says which kernels ran.
"""

from __future__ import annotations

import argparse
import tracemalloc
from itertools import pairwise
from typing import Any

from side_by_side import Step, environment, import_torch, kernels, same, times

import numpy as np  # after side_by_side, which sets the number of threads
import by_hand
from by_hand import Layer, chain

import autograd_nn as ag
from autograd_nn import Tensor, nn, optim

HAND = "NumPy by hand"


def graph_steps(torch: Any) -> dict[str, Step]:
    """The four ops in each library."""
    a, b = np.linspace(0.1, 1, 8, dtype=np.float32), np.linspace(0.5, 1, 8, dtype=np.float32)
    x, c = Tensor(a), Tensor(b)

    def f(x: Any, c: Any) -> Any:
        return (x * c + c).tanh().sum()

    def ours() -> Any:
        x.grad = c.grad = None
        y = f(x, c)
        y.backward()
        return y.item(), x.grad, c.grad

    value_and_grad = ag.value_and_grad(f, argnums=(0, 1))

    def transformed() -> Any:
        y, grads = value_and_grad(a, b)
        return float(y), *grads

    def hand() -> Any:
        y = np.tanh(a * b + b)
        g = 1 - y * y
        return float(np.add.reduce(y)), g * b, g * a + g

    steps: dict[str, Step] = {"autograd_nn": ours, "value_and_grad": transformed, HAND: hand}
    if torch:
        tx, tc = (torch.tensor(v, requires_grad=True) for v in (a, b))

        def theirs() -> Any:
            tx.grad = tc.grad = None
            y = f(tx, tc)
            y.backward()
            return y.item(), tx.grad.numpy(), tc.grad.numpy()
        steps["torch plain"] = theirs
    for step in steps.values():
        same("ops", ours(), step())
    return steps


class Work:
    """A network in each library, with what it learns from."""

    def __init__(self, model: Any, inputs: Any, classes: int, hand: Layer, optimizer: str = "SGD",
                 first_axis_is_time: bool = False, head: Any = None) -> None:
        rng = np.random.default_rng(0)
        self.inputs = rng.normal(size=inputs).astype(np.float32)
        self.targets = rng.integers(0, classes, inputs[first_axis_is_time])
        self.model, self.hand, self.kind, self.head = model, hand, optimizer, head

    def ours(self) -> tuple[Step, list[Any]]:
        """Our step, and the parameters."""
        model, params = self.model, list(self.model.parameters())
        optimizer = getattr(optim, self.kind)(params, lr=1e-3)

        def step() -> float:
            optimizer.zero_grad()
            loss = nn.cross_entropy(model(self.inputs), self.targets)
            loss.backward()
            optimizer.step()
            return loss.item()
        return step, params

    def by_hand(self, params: list[Any]) -> tuple[Step, list[Any]]:
        """The step in NumPy, and the list that it fills with the gradients."""
        params, gradients = [p.copy() for p in params], []
        update = by_hand.Adam(params) if self.kind == "Adam" else by_hand.sgd

        def step() -> float:
            z, back = self.hand(params, self.inputs)
            loss, g = by_hand.cross_entropy(z, self.targets)
            gradients[:] = back(g)[1]
            update(params, gradients)
            return loss
        return step, gradients

    def theirs(self, torch: Any, form: str, start: list[Any]) -> tuple[Step, list[Any]]:
        """PyTorch's step in one of its forms, and the parameters."""
        model = in_torch(torch, self.model)
        with torch.no_grad():
            for p, data in zip(model.parameters(), start, strict=True):
                p.copy_(torch.tensor(data))
        x, t = torch.tensor(self.inputs), torch.tensor(self.targets)
        if form == "channels last":
            model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
        options = {form: True} if form in ("foreach", "fused") else {"foreach": False} if form == "plain" else {}
        optimizer = getattr(torch.optim, self.kind)(model.parameters(), lr=1e-3, **options)

        def step() -> float:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), t)
            loss.backward()
            optimizer.step()
            return float(loss.item())
        return step, list(model.parameters())

    def steps(self, torch: Any) -> dict[str, Step]:
        """The training step in each library."""
        start = [p.data.copy() for p in self.model.parameters()]
        ours, params = self.ours()
        hand, gradients = self.by_hand(start)
        first = ours(), *[p.grad for p in params]
        same(HAND, first, (hand(), *gradients))
        steps: dict[str, Step] = {"autograd_nn": ours, HAND: hand}
        images = self.inputs.ndim == 4
        for form in ("plain", "foreach", "fused", *["channels last"] * images) if torch else ():
            theirs, others = self.theirs(torch, form, start)
            same(form, first, (theirs(), *[p.grad.numpy() for p in others]))
            steps[f"torch {form}"] = theirs
        return steps


class LastState(nn.Module):
    """A linear layer on the last state of an LSTM."""

    def __init__(self, features: int, hidden: int, classes: int) -> None:
        self.lstm, self.linear = nn.LSTM(features, hidden, rng=0), nn.Linear(hidden, classes, rng=1)

    def forward(self, x: Any) -> Any:
        """Logits."""
        return self.linear(self.lstm(x)[0][-1])


class Pooled(nn.Module):
    """A linear layer on the mean over the places of a block."""

    def __init__(self, width: int, heads: int, hidden: int, classes: int) -> None:
        self.block = nn.TransformerEncoderLayer(width, heads, hidden, 0.0, batch_first=True, rng=0)
        self.linear = nn.Linear(width, classes, rng=1)

    def forward(self, x: Any) -> Any:
        """Logits."""
        return self.linear(self.block(x).mean(axis=1))


def in_torch(torch: Any, model: Any) -> Any:
    """The same network there."""
    theirs = torch.nn
    if isinstance(model, LastState):
        lstm, linear = theirs.LSTM(model.lstm.input_size, model.lstm.hidden_size), in_torch(torch, model.linear)

        class Last(theirs.Module):                       # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.lstm, self.linear = lstm, linear

            def forward(self, x: Any) -> Any:
                return self.linear(self.lstm(x)[0][-1])
        return Last()
    if isinstance(model, Pooled):
        attention = model.block.self_attn
        block = theirs.TransformerEncoderLayer(attention.embed_dim, attention.num_heads,
                                               len(model.block.linear1.weight), 0.0, batch_first=True)
        linear = in_torch(torch, model.linear)

        class Mean(theirs.Module):                       # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.block, self.linear = block, linear

            def forward(self, x: Any) -> Any:
                return self.linear(self.block(x).mean(1))
        return Mean()
    if isinstance(model, nn.Linear):
        return theirs.Linear(*model.weight.shape[::-1])
    if isinstance(model, nn.Conv2d):
        out, n, *kernel = model.weight.shape
        return theirs.Conv2d(n, out, tuple(kernel), padding=model.padding)
    if isinstance(model, nn.MaxPool2d):
        return theirs.MaxPool2d(2)
    if isinstance(model, (nn.Flatten, nn.ReLU)):
        return getattr(theirs, type(model).__name__)()
    return theirs.Sequential(*[in_torch(torch, layer) for layer in model.layers])


def mlp(sizes: tuple[int, ...], batch: int, optimizer: str) -> Work:
    """Linear layers with relu between them."""
    layers: list[Any] = []
    for i, (n, m) in enumerate(pairwise(sizes)):
        layers += [nn.ReLU()] * bool(i) + [nn.Linear(n, m, rng=i)]
    hand = chain((by_hand.first_linear, 2), *[(by_hand.relu, 0), (by_hand.linear, 2)] * (len(sizes) - 2))
    return Work(nn.Sequential(*layers), (batch, sizes[0]), sizes[-1], hand, optimizer)


def lenet(batch: int) -> Work:
    """LeNet-5 with relu and max pooling, as it is written today."""
    model = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5, rng=1),
                          nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120, rng=2), nn.ReLU(),
                          nn.Linear(120, 84, rng=3), nn.ReLU(), nn.Linear(84, 10, rng=4))
    bent = (by_hand.relu, 0)
    pooled = (bent, (by_hand.max_pool, 0))
    hand = chain((by_hand.conv(2, True), 2), *pooled, (by_hand.conv(0), 2), *pooled, (by_hand.flatten, 0),
                 (by_hand.linear, 2), bent, (by_hand.linear, 2), bent, (by_hand.linear, 2))
    return Work(model, (batch, 1, 28, 28), 10, hand)


def convolutions(batch: int) -> Work:
    """Three convolutions 3x3, each with relu and pooling, and a linear layer."""
    layers: list[Any] = []
    hand: list[tuple[Layer, int]] = []
    for i, (n, m) in enumerate(pairwise((3, 32, 64, 128))):
        layers += [nn.Conv2d(n, m, 3, padding=1, rng=i), nn.ReLU(), nn.MaxPool2d(2)]
        hand += [(by_hand.conv(1, not i), 2), (by_hand.relu, 0), (by_hand.max_pool, 0)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(2048, 10, rng=3))
    return Work(model, (batch, 3, 32, 32), 10, chain(*hand, (by_hand.flatten, 0), (by_hand.linear, 2)))


def works(quick: bool) -> dict[str, tuple[Any, int]]:
    """What is timed, and how many calls a round has."""
    few = 8 if quick else 1
    return {
        "ops": (None, 500),
        "MLP small": (lambda: mlp((64, 32, 10), 32, "SGD"), 200),
        "MLP large": (lambda: mlp((784, 256, 128, 10), 128, "Adam"), 10),
        "LeNet": (lambda: lenet(64 // few), 4),
        "conv": (lambda: convolutions(32 // few), 1),
        "LSTM": (lambda: Work(LastState(32, 64, 10), (50 // few, 32, 32), 10, chain(
            (by_hand.lstm, 4), (by_hand.last_of_time, 0), (by_hand.linear, 2)), first_axis_is_time=True), 4),
        "transformer": (lambda: Work(Pooled(64, 4, 256, 10), (8 // few, 64, 64), 10, chain(
            (by_hand.transformer_block(4), 12), (by_hand.mean_over_time, 0), (by_hand.linear, 2))), 4)}


def peak_memory() -> tuple[float, float]:
    """MB of a step of the large MLP at its peak, above what is held between steps; and what it must hold."""
    sizes, batch = (784, 256, 128, 10), 128
    step, _ = mlp(sizes, batch, "Adam").ours()
    step()
    tracemalloc.start()
    step()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    step()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    weights = [a * b + b for a, b in pairwise(sizes)]
    needed = 2 * batch * sum(sizes[1:]) + sum(weights) + max(weights)      # linear and relu; gradients; a new weight
    return peak / 1e6, 4 * needed / 1e6


def main(argv: list[str] | None = None) -> None:
    """Run the comparisons and print them."""
    parser = argparse.ArgumentParser(description="training steps against PyTorch eager")
    parser.add_argument("--quick", action="store_true", help="few runs: does it still work?")
    parser.add_argument("--only", default="", help="the works whose name has this in it")
    parser.add_argument("--rounds", type=int, default=25, help="how many rounds are timed")
    options = parser.parse_args(argv)
    blas = kernels()
    torch = import_torch()
    print(environment(torch, blas))
    print(f"{'work':14}{'library':22}{'least us':>12}{'median us':>12}{'to torch plain':>16}{'to its best':>13}")
    for title, (work, repeats) in works(options.quick).items():
        if options.only not in title:
            continue
        steps = work().steps(torch) if work else graph_steps(torch)
        found = times(steps, 1 if options.quick else options.rounds, 1 if options.quick else repeats)
        plain = found["torch plain"].median if torch else float("nan")
        best = min((t.median for name, t in found.items() if name.startswith("torch")), default=float("nan"))
        for name, t in found.items():
            print(f"{title:14}{name:22}{t.least:12.1f}{t.median:12.1f}{t.median / plain:16.2f}{t.median / best:13.2f}")
    if options.only in "memory":
        peak, needed = peak_memory()
        print(f"memory of a step of the large MLP: {peak:.1f} MB at the peak, of which {needed:.1f} MB must be held")


if __name__ == "__main__":
    main()
