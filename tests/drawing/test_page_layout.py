"""The layout of the page, without a browser: columns, crossings, boxes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from helpers.page_graphs import large, network, tensor_mlp

from autograd_nn import Value, nn
from autograd_nn.drawing import trace, trace_of
from autograd_nn.drawing.page import layout
from autograd_nn.drawing.page.boxes import LARGEST, boxes_of
from autograd_nn.drawing.page.layout import layered


def naive_crossings(layers, edges):
    """Pairs of pieces of edges between the same two columns whose ends are in opposite order."""
    at = {item: (c, i) for c, column in enumerate(layers.columns) for i, item in enumerate(column)}
    pieces = set()
    for a, b in edges:
        path = [a, *layers.bends.get((a, b), []), b]
        pieces |= set(pairwise(path))
    assert all(at[b][0] == at[a][0] + 1 for a, b in pieces), "a piece leads to the next column"
    return sum(at[a][0] == at[c][0] and (at[a][1] - at[c][1]) * (at[b][1] - at[d][1]) < 0
               for a, b in pieces for c, d in pieces) // 2


def random_graph(rng, n):
    return {(int(rng.integers(b)), b) for b in range(1, n) for _ in range(rng.integers(1, 3))}


@pytest.mark.parametrize("seed", range(10))
def test_every_thing_stands_once_and_edges_lead_right(seed):
    rng = np.random.default_rng(seed)
    edges = random_graph(rng, 30)
    layers = layered(30, edges)
    standing = [item for column in layers.columns for item in column]
    assert len(standing) == len(set(standing)) and set(range(30)) <= set(standing)
    naive_crossings(layers, edges)
    assert layered(30, list(edges)[::-1]) == layers, "the order of the edges does not matter"


def test_sweeps_take_crossings_away(monkeypatch):
    tangled = [(i, 12 + (i * 5 + 6) % 12) for i in range(12)]            # a permutation: can be drawn without
    assert naive_crossings(layered(24, tangled), tangled) == 0
    graphs = [random_graph(np.random.default_rng(seed), 40) for seed in range(5)]
    swept = [naive_crossings(layered(40, edges), edges) for edges in graphs]
    monkeypatch.setattr(layout, "SWEEPS", 0)
    unswept = [naive_crossings(layered(40, edges), edges) for edges in graphs]
    assert all(a <= b for a, b in zip(swept, unswept)) and sum(swept) < 0.9 * sum(unswept), (swept, unswept)


def test_a_cycle_is_laid_out_too():
    layers = layered(3, [(0, 1), (1, 2), (2, 0), (1, 1)])
    assert layers.columns == [[0], [1], [2]]


def test_leaves_stand_beside_what_uses_them():
    assert layered(4, [(0, 1), (1, 2), (3, 2)]).columns == [[0], [1, 3], [2]]


@pytest.mark.parametrize("make", [lambda: large((12, 12)), tensor_mlp, network])
def test_boxes_hold_every_node_once_and_none_too_many(make):
    record = trace_of(make())
    boxes = boxes_of(record)
    nodes = sorted(item for box in boxes for item in box.items if item >= 0)
    assert nodes == list(range(len(record["nodes"])))
    assert sorted(~item for box in boxes for item in box.items if item < 0) == list(range(1, len(boxes)))
    assert all(box.parent is None or box.parent < k for k, box in enumerate(boxes))
    assert max(len(box.items) for box in boxes) <= LARGEST
    assert (len(boxes) > 1) == (len(record["nodes"]) > LARGEST)


def test_a_deep_model_has_no_more_boxes_side_by_side_than_can_be_looked_at():
    model = nn.Sequential(*(nn.Linear(2, 2, rng=0) for _ in range(200)))
    with trace() as t:
        model(np.ones((1, 2))).sum()
    boxes = boxes_of(t.trace())
    titles = [box.title for box in boxes]
    assert "layers.199 · Linear" in titles and "layers.0 … layers.24" in titles
    assert max(len(box.items) for box in boxes) <= LARGEST
    assert all(box.parent is None or box.parent < k for k, box in enumerate(boxes))


def test_a_long_chain_needs_no_recursion():
    x = Value(1.0)
    for _ in range(5000):
        x = x * 1.0
    assert len(boxes_of(trace_of(x))) > 100
