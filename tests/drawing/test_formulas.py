"""Every op has formulas, in text and typeset, with the names of its nodes."""

import math
import re

import numpy as np
import pytest
from helpers.mathtext import compiles

import autograd_nn as ag
from autograd_nn import Tensor, Value
from autograd_nn.core.node import Node
from autograd_nn.drawing import explain, trace_of
from autograd_nn.drawing.record.formula import LARGEST, formula
from autograd_nn.notation.names import names_of
from autograd_nn.notation.notations import MADE_LATEX
from autograd_nn.ops import OPS, Op


def on_numbers(op):
    """A Value made by the op inside its domain."""
    xs = [sorted(d)[-1] if isinstance(d, frozenset) else d[0] + 0.7 * (d[1] - d[0]) for d in op.domain]
    return op(*(x if isinstance(d, frozenset) else Value(x, name=f"x_{i}") for i, (x, d) in
                enumerate(zip(xs, op.domain))))


def formulas(root):
    record = trace_of(root)
    names = names_of(record["nodes"])
    made = [formula(n, names, MADE_LATEX) for n in record["nodes"] if n["op"]]
    return made, [use for n in record["nodes"] for use in n["inputs"]]


TABLE = [op for op in OPS.values() if op.module.startswith("autograd_nn.ops.")]


@pytest.mark.slow
@pytest.mark.parametrize("op", [op for op in TABLE if op.elementwise], ids=lambda op: op.name)
def test_every_elementwise_op_has_formulas(op):
    root = on_numbers(op)
    made, uses = formulas(root)
    assert all(map(compiles, made)) and made
    for use in uses:
        differentiable = op.vjps[use["slot"]] is not None and isinstance(root.inputs[use["slot"]], Node)
        assert (use["text"] is not None) == (use["tex"] is not None) == differentiable
        if differentiable:
            assert compiles(use["tex"]) and use["text"]
            assert not re.search("[\ue000-\uf8ff]", use["text"] + use["tex"])
    assert explain(root).steps and all(map(compiles, explain(root).steps))


@pytest.mark.slow
@pytest.mark.parametrize("op", [op for op in TABLE if op.cases], ids=lambda op: op.name)
def test_every_op_on_arrays_has_formulas(op):
    rng = np.random.default_rng(0)
    for inputs, params in op.cases:
        arrays = [x if isinstance(x, np.ndarray) else rng.uniform(0.2, 0.8, x) for x in inputs]
        nodes = [Tensor(a, name=f"x_{i}") if a.dtype.kind == "f" else a for i, a in enumerate(arrays)]
        root = op(nodes, **params) if op.arity < 0 else op(*nodes, **params)
        made, uses = formulas(root)
        assert all(map(compiles, made)) and made
        for use in uses:
            differentiable = op.vjps[use["slot"]] is not None and isinstance(root.inputs[use["slot"]], Node)
            assert (use["text"] is not None) == differentiable
            assert use["tex"] is None or compiles(use["tex"]), use["tex"]


def test_the_table_is_covered():
    assert len(TABLE) > 100
    assert {op.name for op in TABLE if not op.elementwise and not op.cases} == set()


def texts(root):
    return {(n["op"], use["slot"]): (use["text"], use["tex"]) for n in trace_of(root)["nodes"] for use in n["inputs"]}


def test_formulas_bear_the_names_of_the_nodes():
    u, w = Value(0.5, name="u"), Value(2.0, name="w2")
    h = (w * u).tan()
    found = texts((h - 20) ** 2 / w)
    assert found["multiply", 0] == ("u", "u") and found["multiply", 1] == ("w2", "{w_{2}}")
    assert found["tan", 0][0] == "1 + tan(v2)²"
    assert found["power", 0][0] == "2 × v5" and found["power", 1] == (None, None)
    assert found["divide", 0] == ("1 / w2", r"\frac{1}{{w_{2}}}")
    h = (w * u).tan()
    h.name = "h"
    assert texts(h)["tan", 0][0] == "1 + h²"
    assert texts(ag.dot([u, w], [3.0, -1.0], 2.0))["weighted_sum", 1][0] == "-1"
    assert texts(ag.sum_of([u, w]))["sum_of", 0] == ("1", "1")


def test_formulas_of_arrays_say_the_shape():
    weight, x, b = (Tensor(np.ones(s), name=n) for n, s in (("W", (10, 32)), ("x", (5, 32)), ("b", (10,))))
    found = texts(x @ weight.T + b)
    assert found["matmul", 1] == ("xᵀ @ ḡ : (32, 10)", r"x^{\top} \, \bar{g} \;:\; (32, 10)")
    assert found["add", 1][0] == "sum(ḡ) : (10,)" and found["add", 0][0] == "ḡ : (5, 10)"
    large = Tensor(np.ones(LARGEST), name="x")
    assert texts(large * 2)["multiply", 0][0] == f"vjp of multiply(ḡ, x, 2) : ({LARGEST},)"
    assert trace_of(large * 2)["nodes"][2]["inputs"][0]["local"] is None


def test_a_users_op_that_needs_real_numbers_has_no_formula():
    op = Op("odd_test_op", lambda x: x * x, lambda x: x * x, lambda g, y, x: g * 2 * math.fabs(float(x)), tex="{0}^2")
    try:
        y = op(Value(3.0, name="x"))
        use = trace_of(y)["nodes"][1]["inputs"][0]
        assert (use["local"], use["text"], use["tex"]) == (6.0, None, None)
        assert "dv1/dx = 6" in explain(y)
    finally:
        op.forget()


def test_what_cannot_be_typeset_is_seen_wherever_it_stands():
    wrong = [r"\nope{x}", r"\frac{x}", r"\left(x", r"x\right)", "x_{1}_{1}", "x_{1} _1", "{x", "x}"]
    for around in ("{}", r"1 + {} - 1", r"\sqrt{{{}}}", r"\left(\frac{{1}}{{{} + 1}}\right)^{{2}} = x",
                   r"\left\lfloor x_{{1}} \, {} \right\rfloor",
                   r"\begin{{cases}} 1 & {} \\ 0 & \text{{else}} \end{{cases}}"):
        assert compiles(around.format(r"\frac{x_{1}}{\operatorname{sum}(\bar{y})^2}")), around
        for tex in wrong:
            with pytest.raises(ValueError):
                assert not compiles(around.format(tex)), around.format(tex)
    with pytest.raises(ValueError):
        compiles("")
