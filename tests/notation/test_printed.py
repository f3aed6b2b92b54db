"""What is printed means what was computed: formulas read back by a reader who knows nothing of the printer."""

import math

import numpy as np
import pytest
from helpers.each import each
from helpers.reader import CReader, LatexReader, Reader, number_of
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Symbol, Tensor, Value, ops
from autograd_nn.drawing import draw, explain, trace_of
from autograd_nn.drawing.page.columns import page_data
from autograd_nn.notation.array_symbol import ArraySymbol
from autograd_nn.notation.notations import C_CODE, LATEX, MADE_LATEX, PYTHON, SHORT_LATEX, TYPESET
from autograd_nn.notation.printer import Formula
from autograd_nn.ops import OPS, Op

TABLE = [op for op in OPS.values() if op.elementwise and op.module.startswith("autograd_nn.ops.")]
POINT = {"x": 0.7, "y": 1.3, "w": 2.4}


# --- a user's ops, written in every awkward way -------------------------------------------------------

def users_op(name, scalar, tex, **more):
    arity = scalar.__code__.co_argcount
    return Op(name, scalar, np.vectorize(scalar, otypes=[float]), *[lambda g, *_: g] * arity, tex=tex, **more)


@pytest.fixture(scope="module", autouse=True)
def own():
    """The ops, in a table of their own while these tests run."""
    made = {op.name: op for op in (
        users_op("own_gap", lambda x, y: x - y, "{0} - {1}", text="{0} - {1}"),
        users_op("own_after", lambda x, y: x + 2 * y + 1, r"{0} \circ {1}", text="{0} ∘ {1}"),
        users_op("own_glued", lambda x, y: x - 3 * y, r"{0}\ast{1}"),
        users_op("own_factorial", lambda x: x * x + 1, "{0}!", text="{0}!"),
        users_op("own_minus", lambda x: -x, "-{0}", text="-{0}"),
        users_op("own_star", lambda x: x + 3, "{0}^{{*}}"),
        users_op("own_set", lambda x: 2 * x + 1, r"\left\{{{0}\right\}}", text="‖{0}‖"),
        users_op("own_surd", lambda x: math.sqrt(abs(x) + 1), r"\surd {0}", text="√{0}"),
        users_op("own_beside", lambda x, y: x * y, "{0} {1}", text="{0} * {1}"),
        users_op("own_raised", lambda x, y: abs(x) ** y, r"\left|{0}\right|^{1}"),
        users_op("own_same", lambda x: x, "{0}", text="{0}"),
        users_op("own_mean", lambda x, y, z: (x + y * z) / 2, r"\frac{{{0} + {1} \, {2}}}{{2}}",
                 text="({0} + {1} * {2}) / 2"))}
    yield made
    for op in made.values():
        op.forget()


READ = {
    TYPESET: (Reader, {"signs": {"mod": number_of("remainder"), "∘": lambda x, y: x + 2 * y + 1},
                       "after": {"!": lambda x: x * x + 1},
                       "functions": {"√": lambda x: math.sqrt(abs(x) + 1), "‖": lambda x: 2 * x + 1}}),
    LATEX: (LatexReader, {"signs": {r"\bmod": number_of("remainder"), r"\circ": lambda x, y: x + 2 * y + 1,
                                    r"\ast": lambda x, y: x - 3 * y},
                          "after": {"!": lambda x: x * x + 1},
                          "functions": {r"\surd": lambda x: math.sqrt(abs(x) + 1), r"\{": lambda x: 2 * x + 1}}),
    C_CODE: (CReader, {}),
}
READ[SHORT_LATEX] = READ[MADE_LATEX] = READ[LATEX]


class StarReader(LatexReader):
    """x^{*} is the op of this name, and no power."""

    def exponent(self):
        if self.tokens[self.at:self.at + 3] == ["{", "*", "}"]:
            self.at += 3
            return None
        return super().exponent()

    def power(self):
        found = self.primary()
        while self.next() == "^" or self.next() in self.after:
            if self.take() != "^":
                found = self.after[self.tokens[self.at - 1]](found)
                continue
            exponent = self.exponent()
            found = found + 3 if exponent is None else number_of("power")(found, exponent)
        return found


def read(text, notation, names=POINT):
    """The values of a formula, by both readings of functions without brackets."""
    if notation is PYTHON:
        functions = {op.name: (lambda *xs, op=op, **params: op.number(*xs, **{**op.params, **params}))
                     for op in OPS.values() if op.scalar}
        return [eval(text, {**functions, **names})]
    kind, options = READ[notation]
    kind = StarReader if kind is LatexReader else kind
    with np.errstate(all="ignore"):                               # a wrong way is tried before the right one
        return [float(kind(text, names, greedy, **options).value()) for greedy in (True, False)]


# --- random expressions ---------------------------------------------------------------------------------

NUMBERS = [2, 0.5, -1.5, 3.0, -2, 10, 0.25, math.log(2)]


def grown(rng, table, depth):
    """A random expression and its value, which is finite and not at a jump."""
    if depth == 0 or rng.random() < 0.15:
        if rng.random() < 0.35:
            number = NUMBERS[rng.integers(len(NUMBERS))]
            return number, float(number)
        name = list(POINT)[rng.integers(len(POINT))]
        return Formula(name), POINT[name]
    while True:
        op = table[rng.integers(len(table))]
        inputs = [grown(rng, table, depth - 1) for _ in range(op.arity)]
        if op.arity == 2 and rng.random() < 0.15:
            inputs[1] = inputs[0]
        xs = [value for _, value in inputs]
        params = {k: [v, 0.5, 2][rng.integers(3)] if isinstance(v, float) else v for k, v in op.params.items()}
        inside = all(x in d if isinstance(d, frozenset) else d == (-3.0, 3.0) or d[0] < x < d[1]
                     for x, d in zip(xs, op.domain))
        if not inside or (op.kink is not None and abs(op.kink(*xs)) < 1e-2):
            continue
        value = op.number(*xs, **params)
        if isinstance(value, float) and 1e-3 < abs(value) < 100:
            return Formula._made(op, [e for e, _ in inputs], params), value


SEEDS = st.integers(0, 2 ** 32 - 1)


@pytest.mark.slow
@pytest.mark.parametrize("notation", [PYTHON, TYPESET, LATEX, SHORT_LATEX, MADE_LATEX],
                         ids=["Python", "typeset", "LaTeX", "short LaTeX", "made LaTeX"])
@settings(max_examples=200)
@given(seed=SEEDS)
def test_what_is_printed_has_the_value_of_the_expression(notation, own, seed):
    rng = np.random.default_rng(seed)
    e, value = grown(rng, [*TABLE, *own.values(), *own.values()], rng.integers(1, 5))
    exact = 1e-9 if notation in (PYTHON, LATEX) else 1e-3         # six digits of a number are read
    for found in read(notation(e), notation):
        assert found == pytest.approx(value, rel=exact, abs=exact), notation(e)


@settings(max_examples=200)
@given(seed=SEEDS)
def test_the_c_has_the_value_of_the_expression(seed):
    rng = np.random.default_rng(seed)
    e, value = grown(rng, [op for op in TABLE if op.c is not None], rng.integers(1, 5))
    for found in read(C_CODE(e), C_CODE):
        assert found == pytest.approx(value, rel=1e-9, abs=1e-9), C_CODE(e)


@pytest.mark.slow
@each("op", TABLE)
@pytest.mark.parametrize("notation", [PYTHON, TYPESET, LATEX], ids=["Python", "typeset", "LaTeX"])
def test_every_op_below_and_above_each_sign(notation, op):
    """Each op within +, −, ×, ÷, a power, a function, and with these in each of its slots."""
    xs = [sorted(d)[-1] if isinstance(d, frozenset) else d[0] + (0.7 - 0.1 * i) * (d[1] - d[0])
          for i, d in enumerate(op.domain)]
    names = dict(zip("abc", xs)) | {"y": 1.3}
    inner, y = Formula._made(op, [Formula(n) for n in "abc"[:op.arity]], op.params), Formula("y")
    value = op.number(*xs, **op.params)
    for outer in (ops.add, ops.subtract, ops.multiply, ops.divide, ops.power, ops.remainder, ops.maximum):
        for pair, values in (((inner, y), (value, 1.3)), ((y, inner), (1.3, value))):
            want = outer.number(*values)
            if isinstance(want, float) and math.isfinite(want):
                e = Formula._made(outer, pair, {})
                for found in read(notation(e), notation, names):
                    assert found == pytest.approx(want, rel=1e-5), notation(e)
    for outer in (ops.negative, ops.square, ops.tanh, ops.exp, ops.absolute):
        e = Formula._made(outer, [inner], {})
        for found in read(notation(e), notation, names):
            assert found == pytest.approx(outer.number(value), rel=1e-5), notation(e)
    for slot in range(op.arity):
        if isinstance(op.domain[slot], frozenset):
            continue
        for sign, rest in ((ops.subtract, xs[slot] + 1.3), (ops.multiply, xs[slot] / 1.3)):
            parts = (Formula("r"), y) if sign is ops.subtract else (y, Formula("r"))
            inputs = [Formula(n) for n in "abc"[:op.arity]]
            inputs[slot] = Formula._made(sign, parts, {})
            e = Formula._made(op, inputs, op.params)
            for found in read(notation(e), notation, names | {"r": rest}):
                assert found == pytest.approx(value, rel=1e-5, abs=1e-6), notation(e)


# --- arrays -------------------------------------------------------------------------------------------

@settings(max_examples=100)
@given(seed=SEEDS)
def test_products_of_matrices_and_of_elements_keep_apart(seed):
    """The typeset text in Python's signs is Python, and has the value."""
    rng = np.random.default_rng(seed)
    names = {n: rng.normal(size=(2, 2)) for n in "abc"}

    def random(depth):
        if depth == 0:
            name = "abc"[rng.integers(3)]
            return ArraySymbol(name, names[name])
        op = [ops.add, ops.subtract, ops.multiply, ops.matmul, ops.negative, ops.transpose][rng.integers(6)]
        return Formula._made(op, [random(depth - 1) for _ in range(op.arity)], op.params)

    def value(e):
        return e._data if e.op is None else e.op.array(*map(value, e.inputs), **e.params)
    e = random(3)
    python = TYPESET(e).replace("×", "*").replace("−", "-").replace("ᵀ", ".T").replace("²", "**2")
    assert np.allclose(eval(python, {}, names), value(e)), python


def test_a_sign_between_arrays_says_which_product_it_is():
    a, b, c = (ArraySymbol(n, np.ones((2, 2))) for n in "abc")
    assert LATEX((a * b) @ c) == r"\left(a \odot b\right) \, c" and LATEX(a * (b @ c)) == r"a \odot b \, c"
    assert LATEX((a @ b) * c) == r"a \, b \odot c" and LATEX(a @ (b * c)) == r"a \, \left(b \odot c\right)"
    assert LATEX((a + b).T @ c) == r"\left(a + b\right)^{\top} \, c" and TYPESET((a - b).T) == "(a − b)ᵀ"
    assert LATEX(ops.swapaxes(a, -1, -2)[0]) == r"\left(a^{\top}\right)_{[0]}"


# --- what was wrong ---------------------------------------------------------------------------------------

def test_brackets_about_ops_that_are_written_with_signs(own):
    x, y = Symbol("x"), Symbol("y")
    assert (ops.xlogy(x, y) ** 2).latex() == r"\left(x \, \ln y\right)^{2}"
    assert (ops.logaddexp(x, y) * x).latex() == r"\left(\ln \left(e^{x} + e^{y}\right)\right) \, x"
    assert ops.square(ops.logaddexp2(x, y)).latex() == r"\left(\log_2 \left(2^{x} + 2^{y}\right)\right)^{2}"
    assert ops.square(ops.copysign(x, y)).latex() == r"\left(\left|x\right| \, \operatorname{sgn} y\right)^{2}"
    assert (own["own_gap"](x, y) * 2).latex() == r"2 \, \left(x - y\right)"
    assert TYPESET(own["own_surd"](x) * y) == "(√x) × y"
    assert LATEX(own["own_surd"](x) * y) == r"\left(\surd x\right) \, y"
    assert (ops.conjugate(x + y) * 2).latex() == r"2 \, \left(x + y\right)"
    assert ((x / y) ** 2).latex() == r"\left(\frac{x}{y}\right)^{2}"
    assert ((x % y) * x).latex() == r"\left(x \bmod y\right) \, x"
    assert (math.log(2) * x).latex() == r"\left(\ln 2\right) \, x"
    assert (1e-5 * x).latex() == r"\left(1 \cdot 10^{-5}\right) \, x"


def test_explain_shows_the_brackets_of_a_users_op(own):
    gap = own["own_gap"]
    bent = Op("own_bent", lambda x: 1 / (1 + math.exp(-x)), lambda x: 1 / (1 + np.exp(-x)),
              lambda g, y, x: g * y * gap(1.0, y), tex=r"\operatorname{{bent}} {0}", method=False)
    try:
        v = Value(0.5, name="v")
        h = bent(v)
        h.name = "h"
        steps = explain(h, v).steps
        assert any(r"h \, \left(1 - h\right)" in step for step in steps) and "h × (1 − h)" in explain(h, v)
    finally:
        bent.forget()


def test_one_wording_for_one_fact():
    """In a table, in a derivation and by a Symbol: % is mod in print and % in Python."""
    x, y = Value(7.0, name="x"), Value(2.0, name="y")
    for made, typeset, python, tex in (
            (lambda x, y: x % y, "x mod y", "x % y", r"x \bmod y"),
            (lambda x, y: x // y, "x // y", "x // y", r"\left\lfloor \frac{x}{y} \right\rfloor"),
            (lambda x, y: ag.fmod(x, y), "fmod(x, y)", "fmod(x, y)", r"\operatorname{fmod}(x, y)"),
            (lambda x, y: ag.exp2(x), "2^x", "2 ** x", "2^{x}"),
            (lambda x, y: ag.reciprocal(x), "1/x", "1/x", r"\frac{1}{x}"),
            (lambda x, y: x / y, "x / y", "x / y", r"\frac{x}{y}"),
            (lambda x, y: abs(x) ** y, "|x|^y", "absolute(x) ** y", r"\left|x\right|^{y}")):
        symbol = made(Symbol("x"), Symbol("y"))
        assert (TYPESET(symbol), symbol.text(), symbol.latex()) == (typeset, python, tex)
        if symbol.inputs[0].op is None:
            root = made(x, y)
            assert typeset in str(draw(root)) and f"= {typeset} =" in explain(root)
            twice = root * root
            assert f"= {tex} =" in explain(twice).latex()


def test_a_users_op_is_printed_everywhere_as_a_built_in_one(own):
    x, y = Value(2.0, name="x"), Value(3.0, name="y")
    picture = draw(own["own_after"](x * y, y))
    assert "∘ y" in str(picture) and "∘ y" in picture.tree()
    made = page_data(picture.trace, lang="en", practice=False, marks={})["nodes"]["made"]
    assert made[-1].endswith("∘ y")
    text = explain(own["own_after"](x, y), x)
    assert "x ∘ y = 2 ∘ 3 = 9" in text and r"x \circ y = 2 \circ 3 = 9" in text.latex()
    number = own["own_factorial"](Tensor([1.0, 2.0], name="t"))
    assert "t!" in str(draw(number)) and [n["op"] for n in trace_of(number)["nodes"]] == [None, "own_factorial"]


def test_a_record_of_an_op_that_is_gone_is_a_call(own):
    gone = users_op("own_gone", lambda x, k: x * k, "{0}", method=False)
    root = gone(Value(2.0, name="x"), Value(-1.0, name="k"))
    record = trace_of(root)
    gone.forget()
    from autograd_nn.drawing.record.formula import formula
    from autograd_nn.notation.names import names_of
    assert formula(record["nodes"][-1], names_of(record["nodes"])) == "own_gone(x, k)"


def test_brackets_in_brackets():
    x = Symbol("x")
    assert ops.silu(-(x - 2.0)).c() == "(-(x - 2.0)) * ag_sigmoid(-(x - 2.0))"


@pytest.mark.slow
def test_a_deep_expression_is_printed_without_recursion():
    x = e = Symbol("x")
    for _ in range(3_000):                           # three times as deep as Python may recurse
        e = ops.tanh(e) + x
    assert e.text().count("tanh") == e.latex().count(r"\tanh") == TYPESET(e).count("tanh") == 3_000
