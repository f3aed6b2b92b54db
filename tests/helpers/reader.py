"""Reads formulas as a person does: by the usual precedence, and with an error where one could not tell.

Nothing here is of the printer: the meaning of a sign or word comes from mathematics, and of an op without a usual
notation from its own template, which a test gives as `signs` (between two operands), `after` and `functions`.
The argument of a bare function (sin x y) may end at the first factor or at the last one: what is read both ways
to the same value is clear.
"""

import math
import re

import numpy as np

from autograd_nn.ops import OPS


class Unclear(Exception):
    """A reader cannot tell what is meant."""


def number_of(name):
    return OPS[name].number


def _iverson(a, sign, b):
    if sign in ("≥", r"\geq"):
        return number_of("tie")(a, b)
    return float(a > b if sign == ">" else a == b)


RAISED = dict(zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))


class Reader:
    """One formula; `names` are the values of what is named in it."""

    token = r"\s+|\d+(?:\.\d+)?(?:e-?\d+)?|[a-zA-Z_][a-zA-Z_0-9]*|//|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|."
    products = {"×": float.__mul__, "/": float.__truediv__, "//": float.__floordiv__}
    minus, opened, closed = "−", {"(": ")", "⌊": "⌋", "⌈": "⌉"}, "|‖"
    beside = False                                   # whether factors may stand side by side

    def __init__(self, text, names, greedy, signs=(), after=(), functions=()):
        self.names, self.greedy = names, greedy
        self.signs, self.after, self.functions = dict(signs), dict(after), dict(functions)
        self.tokens = [*re.findall(self.token, self.prepared(text), re.S), ""]
        self.at = 0

    def prepared(self, text):
        return text

    def value(self):
        found = self.whole()
        if self.next() != "":
            raise Unclear(f"{self.next()!r} is left over")
        return found

    # --- tokens ---
    def next(self):
        while self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at]

    def take(self, *wanted):
        token = self.next()
        if wanted and token not in wanted:
            raise Unclear(f"{token!r} instead of {wanted}")
        self.at += 1
        return token

    def glued(self, text):
        return self.tokens[self.at] == text

    # --- what binds loosely, then tightly ---
    def whole(self):
        """A sum, or two operands about a sign without a usual precedence and nothing else."""
        start = self.at
        try:
            left = self.power()
        except Unclear:
            left = None
        if left is not None and self.next() in self.signs:
            found = self.signs[self.take()](left, self.power())
            self.ends()
            return found
        self.at = start
        return self.sum()

    def ends(self):
        if self.next() not in ("", ")", "]", "}", "⌋", "⌉", "|", "‖", ",", ">", "=", "≥", "&", "\\\\", r"\geq",
                               r"\rfloor", r"\rceil", r"\rvert", r"\}", r"\end{cases}"):
            raise Unclear(f"{self.next()!r} after what has to stand alone")

    def sum(self):
        found = self.signed()
        while self.next() in ("+", self.minus):
            found = found + self.product() if self.take() == "+" else found - self.product()
        return found

    def signed(self):
        if self.next() == self.minus:
            self.take()
            return -self.signed() if self.next() == self.minus else -self.product()
        return self.product()

    def product(self):
        found = self.factor()
        while True:
            if self.next() in self.products:
                found = self.products[self.take()](float(found), float(self.factor()))
            elif self.next() in self.signs:
                raise Unclear(f"{self.next()!r} within a product")
            elif self.beside and self.starts():
                found *= self.factor()
            else:
                return found

    def factor(self):
        if self.next() == self.minus and not self.beside:
            self.take()
            return -self.factor()
        function = self.bare_function()
        if function is None:
            return self.power()
        return function(self.product() if self.greedy else self.factor())

    def bare_function(self):
        return self.functions[self.take()] if self.next() in self.functions and self.next() not in self.closed else None

    def power(self):
        found = self.primary()
        while True:
            token = self.next()
            if token == "^":
                self.take()
                found = number_of("power")(found, self.exponent())
            elif token and token[0] in RAISED:
                found = number_of("power")(found, float("".join(RAISED[c] for c in self.take())))
            elif token in self.after:
                found = self.after[self.take()](found)
            else:
                return found

    def exponent(self):
        return self.primary()

    def primary(self):
        token = self.take()
        if token in self.names:
            return self.names[token]
        if token and token[0].isdigit():
            return float(token)
        if token in self.opened:
            found = self.whole()
            self.take(self.opened[token])
            return {"⌊": math.floor, "⌈": math.ceil}.get(token, float)(found)
        if token in ("|", "‖") and token in self.closed:
            found = self.whole()
            self.take(token)
            return abs(found) if token == "|" else self.functions["‖"](found)
        if token == "[":
            found = _iverson(self.whole(), self.take(">", "=", "≥", r"\geq"), self.whole())
            self.take("]")
            return found
        return self.word(token)

    def word(self, name):
        if name in ("inf", "nan"):
            return float(name)
        if not self.glued("(") or name not in OPS:
            raise Unclear(f"{name!r} is no operand")
        return self.called(OPS[name])

    def called(self, op):
        inputs, params = self.arguments()
        return op.number(*inputs, **{**op.params, **params})

    def arguments(self):
        inputs, params = [], {}
        while self.take("(", ",", ")") != ")":
            key = self.next()
            if re.match(r"[^\W\d]", key) and self.tokens[self.at + 1] == "=":
                self.at += 2
                params[key] = self.whole() if self.next() != "-" else (self.take(), -self.whole())[1]
            else:
                inputs.append(self.whole())
        return inputs, params


class LatexReader(Reader):
    r"""LaTeX: \frac, \sqrt, \left, a function's bare argument, factors side by side."""

    token = (r"\s+|\\(?:begin|end)\{cases\}|\\operatorname\{\w+\}|\\text\{\w+\}|\\mathrm\{[^{}]*\}|\\[a-zA-Z]+|\\."
             r"|\d+(?:\.\d+)?|[a-zA-Z]|.")
    products = dict.fromkeys((r"\cdot", r"\odot"), float.__mul__)
    minus, opened, closed = "-", {"(": ")", "{": "}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}, (r"\{",)
    beside = True
    words = {r"\ln": np.log, r"\log_{2}": np.log2, r"\log_{10}": np.log10, "arsinh": np.arcsinh, "arcosh": np.arccosh,
             "artanh": np.arctanh, "sgn": np.sign, "Re": float, "hardsigmoid": number_of("hard_sigmoid"),
             "hardtanh": number_of("hard_tanh"), "gelutanh": number_of("gelu_tanh"),
             r"\sigma": number_of("sigmoid"), r"\Phi": number_of("normal_cdf"),
             r"\max": max, r"\min": min,
             **{rf"\{name}": number_of(name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin",
                                                          "arccos", "arctan")}}

    def prepared(self, text):
        for side, shown in (("left", r"\lvert "), ("right", r"\rvert ")):
            text = text.replace(rf"\{side}|", shown)
        text = re.sub(r"\\(?:left|right)(?![a-z])", "", text).replace(r"\,", r"\cdot ")
        return text.replace(r"\log_2", r"\log_{2}")

    def next(self):
        token = super().next()
        if token == r"\log":
            self.tokens[self.at:self.at + 5] = ["".join(self.tokens[self.at:self.at + 5])]
            token = self.tokens[self.at] = re.sub(r"\s", "", self.tokens[self.at])
        return token

    def starts(self):
        """Whether an operand begins here."""
        token = self.next()
        begins = {"[", r"\lvert", r"\{", r"\frac", r"\tfrac", r"\sqrt", r"\infty", r"\pi"}
        return bool(token) and (token[0].isalnum() or self.is_function(token)
                                or token in begins | {*self.names, *self.opened, *self.functions})

    def is_function(self, token):
        return token in self.words or token.startswith(r"\operatorname")

    def bare_function(self):
        """A function without brackets about its argument: sin x, relu_a x."""
        token, start = self.next(), self.at
        if not self.is_function(token):
            return super().bare_function()
        self.take()
        name = re.sub(r"\\operatorname\{(\w+)\}", r"\1", token)
        params = {}
        if self.glued("_"):
            self.take()
            params = {"_": self.primary()}
        elif self.glued("^"):                        # the order of a derivative: sinc^{(1)} x
            self.take()
            params = {"n": self.primary()}
        if self.glued("("):
            self.at = start
            return None
        return self.function(name, params)

    def function(self, name, params):
        if "_" in params:
            name = {"relu": "leaky_relu"}.get(name, name)
            params = {next(iter(OPS[name].params)): params["_"]}
        elif "n" in params:
            name = "sinc_derivative"
        return self.words.get(name) or (lambda *xs: OPS[name].number(*xs, **{**OPS[name].params, **params}))

    def exponent(self):
        return self.primary() if self.next() == "{" else float(self.take())

    def primary(self):
        token = self.next()
        if token in (r"\frac", r"\tfrac"):
            self.take()
            above = self.primary()
            return above / np.float64(self.primary())
        if token == r"\sqrt":
            self.take()
            if self.next() == "[":
                self.take(), self.take("3"), self.take("]")
                return np.cbrt(self.primary())
            return np.sqrt(self.primary())
        if token == r"\lvert":
            self.take()
            found = abs(self.whole())
            self.take(r"\rvert")
            return found
        if token == r"\{" and token in self.functions:
            self.take()
            found = self.functions[token](self.whole())
            self.take(r"\}")
            return found
        if token == r"\begin{cases}":
            return self.cases()
        if token in (r"\lfloor", r"\lceil"):
            self.take()
            found = self.whole()
            self.take(self.opened[token])
            return float(math.floor(found) if token == r"\lfloor" else math.ceil(found))
        if self.is_function(token):
            self.take()
            inputs, _ = self.arguments()
            name = re.sub(r"\\operatorname\{(\w+)\}", r"\1", token)
            return self.function(name, {})(*inputs)
        constants = {"e": math.e, r"\pi": math.pi, r"\infty": math.inf}
        if token in constants and token not in self.names:
            self.take()
            return constants[token]
        return super().primary()

    def cases(self):
        self.take()
        first = self.whole()
        self.take("&")
        condition = self.whole()
        self.take("\\\\")
        second = self.whole()
        self.take("&"), self.take(r"\text{else}"), self.take(r"\end{cases}")
        self.ends()
        return first if condition else second


class CReader(Reader):
    """C: + - * / and comparisons, ?: and calls, as its grammar has them."""

    token = r"\s+|\(double\)|\d+(?:\.\d+)?(?:e-?\d+)?|[^\W\d]\w*|[=!]=|."
    products = {"*": float.__mul__, "/": float.__truediv__}
    minus, opened, closed = "-", {"(": ")"}, ""
    words = {"asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "asinh": np.arcsinh,
             "acosh": np.arccosh, "atanh": np.arctanh, "rint": np.rint, "pow": number_of("power"),
             "fabs": abs}

    def whole(self):
        found = self.sum()
        if self.next() in (">", "==", "!="):
            sign, other = self.take(), self.sum()
            found = float({">": found > other, "==": found == other, "!=": found != other}[sign])
        if self.next() != "?":
            return found
        self.take()
        first = self.whole()
        self.take(":")
        second = self.whole()
        return first if found else second

    def word(self, name):
        if name == "(double)":
            return float(self.primary())
        function = self.words.get(name) or number_of(name.removeprefix("ag_"))
        return function(*self.arguments()[0])
