"""Numbers, parameters and labels as text."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import Value
from autograd_nn.drawing import draw, trace_of
from autograd_nn.drawing.render.text import columns, labels
from autograd_nn.notation.summary import heat_map, short, words


@pytest.mark.parametrize("number, text", [
    (286.0, "286"), (-11.0, "-11"), (0.0, "0"), (-0.0, "0"), (123456.0, "123456"), (1e6, "1e6"), (2 / 3, "0.6667"),
    (1234.56, "1235"), (-1.5e-7, "-1.5e-7"), (6.02e23, "6.02e23"), (math.inf, "inf"), ("nan", "nan"), (True, "True"),
])
def test_short_numbers(number, text):
    assert short("inf" if number == math.inf else number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_short_numbers_are_near(x):
    assert float(short(x, 6)) == pytest.approx(x, rel=5.1e-6, abs=0) or abs(x) > 1.797e308


@pytest.mark.parametrize("param, text", [
    (0, "0"), (np.int64(3), "3"), ((0, 1), "(0, 1)"), ((1,), "(1,)"), (None, "None"), (slice(None, None, -2), "::-2"),
    ((slice(1, 3), 0), "1:3, 0"), ((None, ...), "None, ..."), (np.zeros((2, 3)), "array (2, 3)"),
    (np.dtype("float32"), "float32"), (np.float32, "float32"), (list(range(9)), "(0, 1, 2, 3, 4, 5, …)"),
    (lambda x: x, "function"),
])
def test_parameters_in_words(param, text):
    assert words(param) == text


def test_labels_are_unique_and_columns_line_up():
    a, b, c = Value(1.0, name="a"), Value(2.0, name="a"), Value(3.0, name="v2")
    table = str(draw((a * b + c) * 2 - a))
    assert labels(trace_of((a * b + c) * 2 - a)) == ["a#0", "a#1", "v2", "v2#3", "v4", "2", "v6", "v7"]
    assert "(a#0) × (a#1)" in table and "v2 + (v2#3)" in table
    wide = str(draw(Value(1.0, name="重み") * Value(2.0, name="x"))).splitlines()
    assert len({columns(line[:line.index(word)]) for line, word in zip(wide, ("role", "leaf", "leaf", "output"))}) == 1


def test_a_heat_map_has_the_means_of_blocks():
    x = np.random.default_rng(0).normal(size=(3, 16, 40))
    found = heat_map(x)
    cells = np.array(found["cells"])
    assert cells.shape == (16, 16) and found["shape"] == [3, 16, 40]
    rows = np.array_split(np.arange(48), 16)
    edges = [*(np.arange(16) * 40 // 16), 40]
    want = [[x.reshape(48, 40)[r][:, a:b].mean() for a, b in pairwise(edges)] for r in rows]
    np.testing.assert_allclose(cells, want)
    assert heat_map(np.ones(4)) == {"shape": [4], "dtype": "float64", "data": [1.0] * 4}
    assert heat_map(np.full(64, np.nan))["cells"] == [["nan"] * 16]
