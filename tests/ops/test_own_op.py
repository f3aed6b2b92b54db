"""An op of one's own module, with all its facts, is marked, folded, costed, explained and combined as a built-in one.

The ops are twins of built-in ones, with which they are compared.
"""

from __future__ import annotations

import numpy as np
import pytest

import autograd_nn
from autograd_nn import Op, Tensor, Value, custom_op, dot, draw, explain, nn, ops
from autograd_nn.check.strategies import smooth_ops
from autograd_nn.core.node import topological
from autograd_nn.drawing.record.expand import expanded
from autograd_nn.drawing.record.slots import named_slots, op_of
from autograd_nn.drawing.record.states import states_of
from autograd_nn.drawing.training.boundary import Field
from autograd_nn.drawing.training.flow import flow_of
from autograd_nn.drawing.training.reading import NAMED
from autograd_nn.errors import DTypeError, ShapeError, UsageError
from autograd_nn.fft import Complex
from autograd_nn.ops import OPS, Each, _op
from autograd_nn.ops._fields import KINDS, check_fields

pytestmark = pytest.mark.usefixtures("forget")
X = np.random.default_rng(0).normal(size=(64, 4))


def softsign():
    return Op("softsign", lambda x: x / (1 + abs(x)), lambda x: x / (1 + np.abs(x)),
              lambda g, y, x: g * ops.square(1 - abs(y)),
              tex=r"\operatorname{{softsign}} {0}", steepest=1.0, range=(-1, 1))


def shelf():
    return Op("shelf", lambda x: max(x - 1, 0.0), lambda x: np.maximum(x - 1, 0),
              lambda g, y, x: g * ops.step(y),
              tex=r"\operatorname{{shelf}} {0}", kink=lambda x: x - 1, steepest=1.0)


def lerp():
    return Op("lerp", lambda a, b, t: a + (b - a) * t, lambda a, b, t: a + (b - a) * t,
              lambda g, y, a, b, t: g * (1 - t), lambda g, y, a, b, t: g * t, lambda g, y, a, b, t: g * (b - a),
              tex=r"\operatorname{{lerp}}({0}, {1}, {2})", slots=("low", "high", "t"), linear=(0, 1))


def pairing():
    def cost(shapes, out):
        return int(np.prod(out)) * shapes[0][-1]

    def misfit(x, y):
        return None if x[-1] == y[-1] else f"{x[-1]} and {y[-1]} features do not pair\n  help: both have the last axis"
    return Op("pairing", None, lambda x, y: x @ y.T,
              lambda g, z, x, y: g @ y, lambda g, z, x, y: g.T @ x,
              tex=r"{0} \, {1}^T", symbol="⟨,⟩", cases=[(((2, 3), (4, 3)), {})],
              slots=("rows", "columns"), multilinear=True, cost=cost, misfit=misfit)


# --- activations -----------------------------------------------------------------------------------

@pytest.mark.parametrize("own, builtin, x", [(softsign, ops.tanh, 20.0), (softsign, ops.hard_tanh, -20.0),
                                             (softsign, ops.hard_sigmoid, 20.0), (softsign, ops.sigmoid, 0.5),
                                             (shelf, ops.relu, -3.0), (shelf, ops.relu, 3.0)])
def test_states_are_those_of_the_built_in_twin(own, builtin, x):
    own = own()
    for leaf in (Value(x), Tensor([x, x, x])):
        mine, theirs = own(leaf), builtin(leaf)
        found = states_of([leaf, mine, theirs])
        assert found.get(mine) == found.get(theirs)
        if abs(x) > 1 and x != 3.0:
            assert found[mine] in (["dead"], ["saturated"])
            assert f"{found[mine][0]}:" in draw(mine).source


@pytest.mark.parametrize("op, state", [("tanh", "saturated"), ("hard_tanh", "saturated"), ("sigmoid", "saturated"),
                                       ("hard_sigmoid", "saturated"), ("softsign", "saturated"), ("relu", "dead"),
                                       ("shelf", "dead")])
def test_a_picture_and_gradient_flow_agree(op, state):
    softsign(), shelf()
    op = ops.OPS[op]
    first, last = nn.Linear(4, 6, rng=0, dtype=np.float64), nn.Linear(6, 1, rng=1, dtype=np.float64)
    first.bias.data = np.full(6, -40.0)
    model = nn.Sequential(first, last)
    hidden = op(first(X))
    layer = flow_of(model, (last(hidden) ** 2).mean()).layers[0]
    assert states_of(topological([hidden]))[hidden] == [state]
    assert (layer.op, layer.steepest) == (op.name, op.steepest)
    assert (layer.saturated == 1, layer.dead == 1) == (state == "saturated", state == "dead")


def test_a_layer_of_values_has_the_same_flow_as_one_of_tensors():
    op = shelf()
    w, v = X[:3, :2], X[:8, 2:]
    t = Tensor(w)
    array = flow_of([t], op(Tensor(v) @ t.T).sum()).layers[0]
    values = [[Value(a, name=f"w[{i},{j}]") for j, a in enumerate(row)] for i, row in enumerate(w)]
    outputs = [op(dot(row, point)) for point in v for row in values]
    single = flow_of([a for row in values for a in row], ops.sum_of(outputs)).layers[0]
    assert (array.op, array.dead) == (single.op, single.dead)


def test_a_classifier_is_read_by_the_range_of_its_last_op():
    bounded, unbounded = (Field(lambda x, op=op: op(Tensor(x)[:, 0]), X[:, :2]) for op in (softsign(), shelf()))
    assert bounded.reading == NAMED["signs"]
    with pytest.raises(UsageError, match="loss="):
        unbounded.reading                                # noqa: B018


# --- inputs ----------------------------------------------------------------------------------------

def test_names_of_inputs_stand_in_the_picture_and_in_errors():
    op = lerp()
    y = op(Value(1.0, name="a"), Value(2.0, name="b"), 0.5)
    picture = draw(y)
    made = picture.trace["nodes"][-1]
    assert op_of(made) is op and list(named_slots(made).values()) == ["low", "high", "t"]
    assert "argument high of lerp" in picture.source and "high" in picture.mermaid()
    with pytest.raises(ShapeError) as caught:
        op(Tensor(np.ones((2, 3))), Tensor(np.ones((4, 3))), 0.5)
    text = str(caught.value)
    assert "lerp: (2, 3), (4, 3), ()" in text and "axis -2 has sizes 2 and 4" in text
    assert [line.split()[0] for line in text.split("\n")[1:4]] == ["low", "high", "t"]


def test_inputs_that_commute_have_no_names_whoever_defined_the_op():
    mean_of_two = Op("mean_of_two", lambda x, y: (x + y) / 2, lambda x, y: (x + y) / 2,
                     lambda g, z, x, y: g / 2, lambda g, z, x, y: g / 2, tex=r"\frac{{{0} + {1}}}{{2}}", commutes=True)
    a, b = Value(1.0), Value(2.0)
    for op in (mean_of_two, ops.maximum, ops.fmax, ops.fmin, ops.logaddexp2):
        assert named_slots(draw(op(a, b)).trace["nodes"][-1]) == {}
    assert list(named_slots(draw(ops.subtract(a, b)).trace["nodes"][-1]).values()) == ["1", "2"]


def test_a_custom_op_has_the_names_of_its_arguments():
    @custom_op(lambda g, y, value, weight: g * weight, lambda g, y, value, weight: g * value, elementwise=True)
    def weighted(value, weight):
        return value * weight
    assert weighted.slots == ("value", "weight")
    assert "argument weight of weighted" in draw(weighted(Value(1.0), Value(2.0))).source


def test_constants_that_shape_an_op_keep_it_apart_when_a_graph_is_folded():
    def raised(shaped_by):
        return Op(f"raised{len(shaped_by)}", lambda x, n: x ** n, lambda x, n: x ** n,
                  lambda g, z, x, n: g * n * x ** (n - 1), None, tex="{0}^{{{1}}}", shaped_by=shaped_by)
    for op, kinds in ((raised((1,)), 2), (ops.power, 2), (raised(()), 1)):
        total = ops.sum_of([op(Value(1.0 + i, name=f"x{i}"), float(2 + i % 2)) for i in range(100)])
        made = [n for n in draw(total, max_nodes=10).trace["nodes"] if n["op"] == op.name]
        assert len(made) == kinds and sum(n["count"] for n in made) == 100


def test_an_expansion_is_drawn_and_has_its_gradients():
    squares = Op("squares", lambda *xs: float(sum(x * x for x in xs)),
                 lambda *xs: np.asarray(sum(x * x for x in xs)),
                 Each(lambda i, g, y, *xs: g * 2 * xs[i]), tex=r"\sum_i {0}_i^2", method=False,
                 slots=("x*",), expansion=lambda *xs: ops.sum_of([x * x for x in xs]))
    for kind, data in ((Value, (1.0, 2.0, 3.0)), (Tensor, ([1.0, 2.0], [3.0, 4.0], [5.0, 6.0]))):
        xs = [kind(x) for x in data]
        y = squares(xs)
        y.backward(None if kind is Value else np.ones(2))
        became = expanded([y])
        last = became[y]
        assert last.op is ops.sum_of and np.all(last.data == y.data)
        assert all(part.op is ops.multiply and np.all(part.grad == 1.0) for part in last.inputs)
        assert last.inputs[0].inputs == (xs[0], xs[0])
    assert "×" in draw(squares([Value(1.0), Value(2.0)]), expand=True).source


# --- shapes, costs, complex numbers, ufuncs --------------------------------------------------------

def test_shapes_that_do_not_fit_are_explained_in_the_entrys_words():
    op = pairing()
    with pytest.raises(ShapeError, match="5 and 3 features do not pair\n  rows     a  Tensor"):
        op(Tensor(np.ones((2, 5)), name="a"), Tensor(np.ones((4, 3))))


def test_the_cost_stands_in_the_summary_of_a_model():
    op = pairing()

    class Own(nn.Module):
        def __init__(self):
            self.weight = nn.Linear(4, 6, rng=0).weight

        def forward(self, x):
            return op(x, self.weight)
    assert Own().summary((64, 4)).multiply_adds == 64 * 4 * 6 == nn.Linear(4, 6, rng=0).summary((64, 4)).multiply_adds


def test_complex_numbers_go_through_by_linearity_or_by_a_function():
    z, w = X[:2] + 1j * X[2:4], X[4:6] - 2j * X[6:8]
    a, b = Complex(Tensor(z.real), Tensor(z.imag)), Complex(Tensor(w.real), Tensor(w.imag))
    np.testing.assert_allclose(pairing()(a, b).data, z @ w.T)
    mix = lerp()
    np.testing.assert_allclose(mix(a, w, 0.25).data, z + (w - z) * 0.25)
    np.testing.assert_allclose(mix(1.0, b, Tensor(X[:2])).data, 1 + (w - 1) * X[:2])
    with pytest.raises(DTypeError, match="lerp is not defined for complex"):
        mix(1.0, 2.0, a)
    turned = Op("turned", None, lambda x: 1j * x, lambda g, y, x: g, tex="i {0}", complex=lambda x: (-x.imag, x.real))
    np.testing.assert_allclose(turned(a).data, 1j * z)
    np.testing.assert_allclose(a.turned().data, 1j * z)


def test_the_method_of_a_ufunc_becomes_an_op_when_it_is_defined():
    t = Tensor([1.0, 3.0, 2.0])
    with pytest.raises(TypeError, match=r"np\.maximum\.accumulate has no derivative here"):
        np.maximum.accumulate(t)
    running = Op("running_max", None, lambda x, axis: np.maximum.accumulate(x, axis=axis),
                 lambda g, y, x, axis: g * ops.same(x, y), tex=r"\operatorname{{runmax}} {0}", params={"axis": 0},
                 cases=[(((4,),), {})], ufunc_method=np.maximum.accumulate)
    assert np.maximum.accumulate(t).op is running and np.maximum.accumulate(t).data.tolist() == [1.0, 3.0, 3.0]
    running.forget()
    with pytest.raises(TypeError, match="has no derivative here"):
        np.maximum.accumulate(t)


def test_a_ufunc_that_nobody_had_becomes_an_op_when_it_is_defined():
    t = Tensor([1.0, 3.0])
    with pytest.raises(TypeError, match="not in the op table"):
        np.spacing(t)
    made = Op("gap_to_next", None, np.spacing, lambda g, y, x: 0.0, tex=r"\operatorname{{ulp}} {0}", zero=True)
    assert np.spacing(t).op is made


# --- how it is written -----------------------------------------------------------------------------

@pytest.mark.parametrize("form", ["tex", "text", "c"])
@pytest.mark.parametrize("template", ["{1}", "{x}", "{}", "{0[0]}", "{0.data}", "{0!r}", "{0:>3}", "{0", "0}", "{00}",
                                      "{-1}", 5, ["{0}"]])
def test_a_template_with_a_place_that_is_no_input_is_refused_when_the_op_is_made(form, template):
    templates = {"tex": "{0}", form: template}
    with pytest.raises(UsageError, match=f"Op: {form} of crooked"):
        Op("crooked", abs, np.abs, lambda g, y, x: g, params={"alpha": 1.0}, **templates)
    assert "crooked" not in ops.OPS


BAD_FIELDS = {
    "params": [5, [1], {1: 2}, {"": 1}, "x"], "domain": [5, (1, 2), "x", ((0, float("nan")),)],
    "slots": ["x", (1,), ("x", "y")],
    "kink": [5], "cases": [5, [1], [((2,), 3)]], "zero": [1, None, np.ones(2)], "unguarded": ["x"], "method": [0],
    "internal": [None], "layer": [5, "a b"], "commutes": [np.ones(2)], "shaped_by": [(1,), (0.5,), 0],
    "linear": [1, (2,), "x", ((),), ((0,), 0)],
    "jvps": [5, (5,), (abs, abs)],
    "multilinear": [2], "complex": [1j], "steepest": ["x", float("nan")], "range": [(1, 0), (1,), 5],
    "ulps": [1, (1, 2)],
    "loses": [None, 5], "cost": [3], "misfit": ["x"], "expansion": [()], "ufunc_method": [5], "lanes": [5],
    "symbol": [5, b"x"],
    "dunder": [5, "__add__ "], "terms": [[(0,)]], "written": [5, (5,), (abs, abs)], "level": ["x", 99],
    "neutral": [5, (1,)], "absorbing": [("x", None)],
}


def test_a_field_that_no_reader_could_read_is_refused_when_the_op_is_made():
    assert BAD_FIELDS.keys() == KINDS.keys()
    for field, things in BAD_FIELDS.items():
        for thing in things:
            with pytest.raises(UsageError, match=f"Op: {field} of crooked must be "):
                Op("crooked", abs, np.abs, lambda g, y, x: g, tex="{0}", **{field: thing})
            assert "crooked" not in ops.OPS, (field, thing)


def test_a_custom_op_is_written_as_a_call_with_its_parameters():
    @custom_op(lambda g, y, x, my_rate: g * my_rate, elementwise=True)
    def my_decay(x, my_rate=0.5):
        return x * my_rate
    x = Value(3.0, name="x")
    told = explain(my_decay(x, my_rate=0.25), x)
    assert "my_decay(x, my_rate=0.25)" in told
    assert r"\operatorname{my\_decay}(x, \mathrm{my\_rate}=0.25)" in told.latex()


def test_an_op_without_a_rule_leads_to_0_as_one_with_a_rule_of_0_does():
    def stairs(rule):
        return Op(f"stairs{rule is None:d}", lambda x: float(int(x)), np.trunc, rule, tex=r"\lfloor {0} \rfloor",
                  text="⌊{0}⌋")
    for op in (stairs(None), stairs(lambda g, y, x: 0.0 * g)):
        for x in (Value(2.5, name="x"), Tensor([2.5, 3.5], name="x")):
            told = explain(ops.sum(op(x) * 3.0), x)
            assert told.splitlines()[-1].endswith("/dx = 0" if type(x) is Value else "/dx = [0, 0]")
            assert "= 0" in told.latex() or "[0, 0]" in told.latex()


def test_the_table_may_grow_while_it_is_read():
    """As it does where another thread defines an op meanwhile."""
    class Growing(str):
        """The name of a module, at which somebody looks while the table is read."""

        def startswith(self, *prefix):
            Op(f"late{len(ops.OPS)}", abs, np.abs, lambda g, y, x: g, tex="{0}")
            return super().startswith(*prefix)
    for read in (lambda: dir(autograd_nn), smooth_ops, lambda: ops.for_each_op(lambda op: op.module.startswith("x"))):
        before = len(ops.OPS)
        for _ in range(2):
            Op(f"early{len(ops.OPS)}", abs, np.abs, lambda g, y, x: g, tex="{0}").module = Growing("somewhere")
        meetings = [*_op._meetings]
        try:
            read()
        finally:
            _op._meetings[:] = meetings
        assert len(ops.OPS) > before


def test_the_fields_of_the_table_are_what_they_may_be():
    """Those of the package are not checked when they are made, which would take a tenth of an import."""
    defaults = Op.__init__.__kwdefaults__
    for op in OPS.values():
        given = {field: getattr(op, field, default) for field, default in defaults.items()}
        if op.written is op.vjps:                        # where nothing else was given
            given["written"] = defaults["written"]
        check_fields(op.name, op.arity, {"tex": op.tex, **given}, defaults)
