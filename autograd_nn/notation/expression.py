"""Expressions of arrays and numbers in print: a symbol that knows its array, and symbols as text and as LaTeX."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..ops import CARRIERS, Op, shape_of
from ..ops._carriers import carrier
from .names import operand, tex_name
from .summary import short, words
from .symbol import Symbol


class ArraySymbol(Symbol):
    """A symbol that knows the array it stands for, so that rules may ask for its shape."""

    __slots__ = ("_data",)

    def __init__(self, name: str, data: Any) -> None:
        super().__init__(name)
        self._data = data

    @property
    def shape(self) -> tuple[int, ...]:
        return shape_of(self._data)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        return getattr(self._data, "dtype", np.dtype(float))

    T, __getitem__, __len__, __iter__ = Tensor.T, Tensor.__getitem__, Tensor.__len__, Tensor.__iter__

    def __lt__(self, other: Any) -> Any:
        return self._data < data_behind(other)

    def __le__(self, other: Any) -> Any:
        return self._data <= data_behind(other)

    def __gt__(self, other: Any) -> Any:
        return self._data > data_behind(other)

    def __ge__(self, other: Any) -> Any:
        return self._data >= data_behind(other)

    __hash__ = object.__hash__


def data_behind(x: Any) -> Any:
    return x._data if isinstance(x, ArraySymbol) else x


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    tidied: Any = CARRIERS[Symbol].apply(op, args, params)
    if not isinstance(tidied, Symbol) or any(tidied is x for x in args):
        return tidied
    data = op.array(*(np.asarray(data_behind(x)) for x in args), **params)
    made = ArraySymbol("", data)
    made.op, made.inputs, made.params = tidied.op, tidied.inputs, tidied.params
    return made


carrier("ArraySymbol", ArraySymbol, _apply, below="_data")


# --- symbols as text ----------------------------------------------------------------------------------

_SUM, _PRODUCT, _PREFIX, _POWER, _ATOM = range(5)
_INFIX = {"add": ("+", _SUM), "subtract": ("−", _SUM), "multiply": ("×", _PRODUCT), "multiply0": ("×", _PRODUCT),
          "divide": ("/", _PRODUCT), "divide0": ("/", _PRODUCT), "matmul": ("@", _PRODUCT),
          "remainder": ("mod", _PRODUCT), "fmod": ("mod", _PRODUCT)}
_BRACKETS = {"absolute": ("|{}|",), "step": ("[{} > 0]",), "tie": ("[{} ≥ {}]",), "same": ("[{} = {}]",),
             "floor": ("⌊{}⌋",), "ceil": ("⌈{}⌉",)}
_CALLED = {"sum_to": "sum"}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def size_of(e: Any) -> int:
    """How many names, numbers and ops e has when it is written down, where what is shared is written each time."""
    sizes: dict[int, int] = {}
    stack = [e]
    while stack:
        x = stack[-1]
        waiting = [y for y in x.inputs if id(y) not in sizes] if isinstance(x, Symbol) and x.op is not None else []
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        sizes[id(x)] = 1 + sum(sizes[id(y)] for y in x.inputs) if isinstance(x, Symbol) and x.op is not None else 1
    return sizes[id(e)]


def text_of(e: Any) -> str:
    """An expression as it is written by hand, in one line of Unicode.

    >>> from autograd_nn import tanh
    >>> x = Symbol("x")
    >>> text_of(1 - tanh(2 * x) * tanh(x)), text_of(-(x ** 2) / (x - 1))
    ('1 − tanh(2 × x) × tanh(x)', '−(x² / (x − 1))')
    """
    return _text(e)[0]


def _text(e: Any) -> tuple[str, int]:
    """The text, and how tightly it holds together."""
    if not isinstance(e, Symbol):
        return _constant(e)
    if e.op is None:
        return (e.name if len(e.name) == 1 else operand(e.name)), _ATOM
    name, xs = e.op.name, e.inputs
    if (name in ("multiply", "multiply0") and xs[0] is xs[1]) or name == "square":
        return _text_at(xs[0], _ATOM) + "²", _POWER
    if name in _INFIX:
        sign, level = _INFIX[name]
        left = _text_at(xs[0], level)
        right = _text_at(xs[1], level + 1)
        return f"{left} {sign} {right}", level
    if name == "negative":
        text, level = _text(xs[0])
        return f"−{text}" if level > _PRODUCT else f"−({text})", _PREFIX
    if name == "power":
        base = _text_at(xs[0], _ATOM)
        exponent, level = _text(xs[1])
        whole = isinstance(xs[1], (int, float)) and float(xs[1]).is_integer()
        return base + (str(int(xs[1])).translate(RAISED) if whole else
                       f"^{exponent}" if level == _ATOM else f"^({exponent})"), _POWER
    if name in _BRACKETS:
        return _BRACKETS[name][0].format(*(_text(x)[0] for x in xs)), _ATOM
    if (name == "transpose" and e.params.get("axes") is None) or name == "matrix_transpose" or (name == "swapaxes" and \
            {e.params["axis1"], e.params["axis2"]} <= {-1, -2, *(range(2) if _ndim(xs[0]) == 2 else ())}):
        return _text_at(xs[0], _ATOM) + "ᵀ", _POWER
    if name == "getitem":
        return f"{_text_at(xs[0], _ATOM)}[{_short_words(e.params['index'])}]", _ATOM
    shown = [_text(x)[0] for x in xs]
    shown += [f"{key}={_short_words(value)}" for key, value in _telling(e)]
    return f"{_CALLED.get(name, name.removesuffix('0'))}({', '.join(shown)})", _ATOM


def _ndim(x: Any) -> int:
    return x.ndim if isinstance(x, ArraySymbol) else -1


def _text_at(e: Any, demand: int) -> str:
    text, level = _text(e)
    return text if level >= demand else f"({text})"


def _constant(x: Any) -> tuple[str, int]:
    if isinstance(x, (bool, int, float, np.number)) or (np.ndim(x) == 0 and isinstance(x, np.ndarray)):
        text = short(x.item() if isinstance(x, (np.ndarray, np.generic)) else x, 6)
        return (f"−{text[1:]}", _PREFIX) if text.startswith("-") else (text, _ATOM)
    return words(x).replace("array ", "array"), _ATOM


def _telling(e: Symbol) -> list[tuple[str, Any]]:
    """The parameters that are not at their defaults."""
    assert e.op is not None
    return [(key, value) for key, value in e.params.items() if value is not None
            and (key not in e.op.params or _short_words(value) != _short_words(e.op.params[key]))
            and key not in ("kept", "shape")]          # shapes are said at the end


def _short_words(value: Any) -> str:
    text = words(value)
    return text if len(text) <= 24 else text[:23] + "…"


# --- symbols of arrays as LaTeX -------------------------------------------------------------------------

def array_tex(e: Any) -> str:
    """An expression of arrays as LaTeX; an op that the op table cannot show with its parameters is a function."""
    return _array_tex(e)[0]


def _array_tex(e: Any) -> tuple[str, int]:
    if not isinstance(e, Symbol):
        text, level = _constant(e)
        return (text.replace("−", "-") if level != _ATOM or text[0].isdigit() else rf"\mathrm{{{text}}}"), level
    if e.op is None:
        return (r"\bar{g}" if e.name == "ḡ" else tex_name(e.name)), _ATOM
    name, xs = e.op.name, e.inputs

    def at(x: Any, demand: int) -> str:
        tex, level = _array_tex(x)
        return tex if level >= demand else rf"\left({tex}\right)"
    if (name in ("multiply", "multiply0") and xs[0] is xs[1]) or name == "square":
        return at(xs[0], _ATOM) + "^{2}", _POWER
    if name in ("divide", "divide0"):
        return rf"\frac{{{_array_tex(xs[0])[0]}}}{{{_array_tex(xs[1])[0]}}}", _ATOM
    if name in _INFIX:
        sign, level = _INFIX[name]
        sign = {"×": r"\odot", "@": r"\,", "−": "-", "mod": r"\;\mathrm{mod}\;"}.get(sign, sign)
        if name.startswith("multiply") and not (_ndim(xs[0]) > 0 < _ndim(xs[1])):
            sign = r"\,"
        return f"{at(xs[0], level)} {sign} {at(xs[1], level + 1)}", level
    if name == "negative":
        return f"-{at(xs[0], _POWER)}", _PREFIX
    text = _text(e)[0]
    if text.endswith("ᵀ"):
        return at(xs[0], _ATOM) + r"^{\top}", _POWER
    if name == "power":
        return f"{at(xs[0], _ATOM)}^{{{_array_tex(xs[1])[0]}}}", _POWER
    if e.op.elementwise and e.op.arity == 1 and not e.params:
        return e.op.tex.format(at(xs[0], _ATOM)), _PREFIX
    inside = [_array_tex(x)[0] for x in xs]
    inside += [f"{tex_name(key)}={tex_name(_short_words(value))}" for key, value in _telling(e)]
    called = _CALLED.get(name, name.removesuffix("0")).replace("_", r"\_")
    return rf"\operatorname{{{called}}}({', '.join(inside)})", _ATOM
