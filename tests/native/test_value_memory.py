"""The scalar engine in C leaks nothing and gives its memory back."""

from __future__ import annotations

import copy
import gc
import math
import os
import pickle
import random
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from helpers.twins import ELEMENTWISE, native

import autograd_nn
from autograd_nn import Dual, dot, sum_of
from autograd_nn.core.node import NOTHING
from autograd_nn.core.value import Value
from autograd_nn.ops import OPS


def each_kind_of_step(x, w):
    """Every way to make, read, differentiate, copy or refuse a Value, as functions without arguments."""
    one, array = np.float64(1.0), np.array([1.0, 2.0])
    ops = [OPS[name] for name in ELEMENTWISE]

    def refused(f):
        def call():
            try:
                f()
            except (TypeError, AttributeError, ValueError):
                return
            raise AssertionError("not refused")
        return call

    def backward():
        y = sum_of([x * w, x - 1, dot([x, 2.0], [w, x], 1), autograd_nn.where(x, w, 0.0)])
        y.backward()
        y.backward(0.5)
        x.zero_grad()
        w.grad = None

    def second():
        (x * w).backward(create_graph=True)
        x.grad = w.grad = None

    def unrecorded():
        with autograd_nn.no_grad():
            return x * w, x - 1, x.sin(), [op(*(x, w, x)[:op.arity]) for op in ops], sum_of([x, w]), dot([x], [w], 3)

    def named():
        v = Value(1.0, name=x)
        v.name = w
        v.grad = x
        v.grad = 1.0

    def fixed():
        for leaf in (x, w):
            leaf.requires_grad = False
            rest = (x + w, x * 2, -x, x.exp(), w.clip(0.0, 1.0), sum_of([x, w, 1]), dot([x, 1.0], [w, 2]), x + one,
                    autograd_nn.where(x, w, x), w.requires_grad, copy.copy(w), pickle.loads(pickle.dumps(w)))
        x.requires_grad = w.requires_grad = True
        return rest

    return {
        "operators": lambda: (x + w, x - 1, 2 * x, x / one, x ** 2.5, 7 % x, -x, abs(x), +x, x + True, x * 2**60),
        "methods": lambda: (x.sin(), x.exp(), x.tanh(), x.relu(), x.floor(), x.clip(0.0, 1.0), x.leaky_relu(0.2)),
        "ops": lambda: [op(*(x, w, x)[:op.arity]) for op in ops],
        "wide": lambda: (sum_of([x, 1, w]), sum_of((x,)), dot([x, 1.0], [w, 2]), dot((x,), array[:1], w),
                         sum_of([x, True])),
        "attributes": lambda: (x.data, x.grad, x.op, x.inputs, x.params, x.name, x.is_leaf, x.has_grad, (x * 3).inputs,
                               x.leaky_relu(0.3).params, dot([x], [w], 3).inputs, (x * 3).op),
        "making": lambda: (Value(1.0), Value(2), Value(one, name="n"), Value(data=1.0, name=None),
                           Value.__new__(Value)),
        "comparing": lambda: (x == w, x < 1, x >= one, x == None, hash(x), bool(x), x == array),     # noqa: E711
        "backward": backward, "create_graph": second, "named": named, "no_grad": unrecorded,
        "fixed": fixed,
        "copies": lambda: (copy.copy(x * w), copy.deepcopy(x * w), pickle.loads(pickle.dumps(dot([x], [w], 3)))),
        "mixed": lambda: (x * array, array * x, one * x, x * Dual(1.0, 1.0)),
        "bad operand": refused(lambda: x + None), "bad number": refused(lambda: Value("1")),
        "bad arguments": refused(lambda: Value(1.0, "n", 3, x)), "bad keyword": refused(lambda: Value(1.0, nmae=x)),
        "bad seed": refused(lambda: (x * w).backward("1")), "bad data": refused(lambda: setattr(x, "data", [x])),
        "bad grad": refused(lambda: setattr(x, "grad", "1")), "bad attribute": refused(lambda: setattr(w, "gard", x)),
        "bad item": refused(lambda: sum_of([x, "1"])), "bad lengths": refused(lambda: dot([x], [w, x])),
        "bad bias": refused(lambda: dot([x], [w], "1")), "no sequence": refused(lambda: sum_of(3)),
        "bad parameter": refused(lambda: x.leaky_relu(slope=1)), "three": refused(lambda: pow(x, w, x)),
        "bad backward": refused(lambda: x.backward(1.0, seed=2.0)),
    }


class Counted(Value):
    """A subclass as operand."""


@pytest.mark.slow
@native
@pytest.mark.parametrize("kind", list(each_kind_of_step(Value(0.5), Value(0.5))))
@pytest.mark.parametrize("leaf", [Value, Counted])
def test_reference_counts_stay(kind, leaf, n=200):
    x, w = leaf(0.75), Value(0.5)
    step = each_kind_of_step(x, w)[kind]
    watched = [x, w, Value, Counted, None, True, NotImplemented, 0, 1, 2, 3, 0.0, (), NOTHING, "name",
               *OPS.values()]

    def counts():
        gc.collect()
        return [sys.getallocatedblocks(), *(sys.getrefcount(thing) for thing in watched)]

    gc.disable()                                     # so that nobody else's garbage goes in the meantime
    try:
        for _ in range(8):                           # a leak goes on; pages and Python's own free lists become full
            before = counts()
            for _ in range(n):
                step()
            changed = [(thing, b, a) for thing, b, a in zip(["blocks", *watched], before, counts())
                       if abs(a - b) >= n // 2]
            if not changed:
                break
    finally:
        gc.enable()
    assert not changed


def trained(steps):
    """A small network of Values, trained by hand for some steps; its last loss."""
    hidden = [[Value(0.1 * (i - j)), Value(0.3 * j - 0.2), Value(0.0, name="b")] for i, j in ((0, 1), (1, 2), (2, 0))]
    out = [Value(0.5), Value(-0.5), Value(0.25)]
    for step in range(steps):
        a, b = math.sin(step), math.cos(step)
        h = [(u * a + v * b + bias).tanh() if step % 2 else dot([u, v], [a, b], bias).tanh() for u, v, bias in hidden]
        loss = (sum(w * x for w, x in zip(out, h)) - a * b) ** 2 + 0.01 * sum_of(out).relu()
        loss.backward()
        for p in (*out, *(p for unit in hidden for p in unit)):
            p.data -= 0.05 * p.grad
            p.grad = 0.0
    return loss.data


@native
def test_training_leaves_nothing_behind():
    trained(100)
    gc.collect()
    gc.disable()
    try:
        tracemalloc.start()
        trained(50)
        before = tracemalloc.get_traced_memory()[0]
        trained(500)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        trained(2_000)
        assert gc.collect() == 0 and abs(grown) < 4_000
    finally:
        gc.enable()


@native
def test_the_resident_size_is_flat():
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("this system does not tell a process its resident size in /proc/self/statm")
    sizes = []
    for _ in range(3):
        trained(10_000 // 3)
        sizes.append(int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    assert sizes[2] - sizes[1] < 2**20


@pytest.mark.slow
@native
def test_a_big_graph_returns_its_memory():
    """More nodes than the empty pages that are kept: the chunks go back and are asked for again."""
    tracemalloc.start()
    try:
        for _ in range(3):
            y = Value(1.0)
            for _ in range(300_000):
                y = y * 1.0 + 0.0
            y.backward()
            assert tracemalloc.get_traced_memory()[0] > 600_000 * 64 - 10e6      # but for pages from before
            del y
            assert tracemalloc.get_traced_memory()[0] < 9e6                      # 8 MB of pages are kept
    finally:
        tracemalloc.stop()


@native
def test_nodes_of_any_life_span_keep_to_themselves():
    """Some die at once and some late, in any order: no two that live share a place, and places are used again."""
    rng, alive, seen = random.Random(0), [], set()
    for i in range(60_000):
        if alive and rng.random() < (0.45 if i // 15_000 % 2 == 0 else 0.7):
            k = rng.randrange(len(alive))
            alive[k], alive[-1] = alive[-1], alive[k]
            value, number = alive.pop()
            assert value.data == number
            del value
        else:
            alive.append((Value(float(i)), float(i)))
            seen.add(id(alive[-1][0]))
    assert len({id(value) for value, _ in alive}) == len(alive)
    assert all(value.data == number for value, number in alive) and len(seen) < 20_000
