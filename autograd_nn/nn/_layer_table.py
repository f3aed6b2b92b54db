"""The table that `Module.summary` gives: what each layer gives out, holds and costs, seen in one forward pass."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.escaping import escape_html
from ..core.modes import mode, special_mode
from ..core.node import Node
from ..core.tensor import Tensor
from ..core.value import BaseValue
from ..errors import UsageError
from ..ops import shape_of
from ..ops._arguments import affordable
from ..ops._refusal import shown_in_error
from . import module as tree
from ._evaluated import evaluated
from ._inputs import traced

if TYPE_CHECKING:
    from .module import Module

Shape = tuple[int, ...]
WIDTH = 80           # of the table, in characters
HEAD = ("layer", "output", "parameters", "multiply-adds", "activations")
SHAPES = 18          # of the column with output shapes, in characters; longer text is cut


@dataclass
class Row:
    """A layer: its numbers are its own, without those of the layers below it, so a column adds up to its total.

    name                the path from the model, "" for the model itself
    kind, depth         its class, and how many layers it was called through
    calls               how often it ran; 0 for a layer that this forward pass does not use
    outputs             the shapes of what it gave last: one for a Tensor, one each for several
    parameters          how many numbers its parameters hold; those shared by two layers count once
    fixed               how many of them are held fixed (see Module.requires_grad_)
    multiply_adds       of matrix products, convolutions and sums of products in the forward pass
    activations         bytes of the arrays that its operations made; views take none
    """

    name: str
    kind: str
    depth: int
    calls: int = 0
    outputs: list[Shape] = field(default_factory=list)
    parameters: int = 0
    fixed: int = 0
    multiply_adds: int = 0
    activations: int = 0


@dataclass
class Summary:
    """The rows of a model, in the order of the calls, and their sums; print() shows the table, a notebook too."""

    rows: list[Row] = field(default_factory=list)
    parameter_bytes: int = 0

    @property
    def parameters(self) -> int:
        """How many numbers are parameters."""
        return sum(row.parameters for row in self.rows)

    @property
    def fixed(self) -> int:
        """How many of them are held fixed; the others are learned."""
        return sum(row.fixed for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Of one forward pass."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def activations(self) -> int:
        """Bytes of all arrays that one forward pass makes, which are kept until backward()."""
        return sum(row.activations for row in self.rows)

    def __str__(self) -> str:
        numbers = [_numbers(row) for row in self.rows]
        widths = [max(map(len, column)) for column in zip(HEAD[1:], self._total()[1:], *numbers)]
        room = WIDTH - sum(widths) - 2 * len(widths)
        labels = [_label(name, row) for name, row in self._shown()]
        if max(map(len, labels)) > room:                       # a deep model: say it shorter, then cut
            labels = [_label(name.removeprefix("layers."), row, indent=" ") for name, row in self._shown()]
        first = [HEAD[0], *labels, "total"]
        widths = [min(room, max(map(len, first))), *widths]
        lines = ["  ".join([_shortened(label, widths[0]).ljust(widths[0]), output.ljust(widths[1]),
                            *(cell.rjust(w) for cell, w in zip(cells, widths[2:]))]).rstrip()
                 for label, (output, *cells) in zip(first, [HEAD[1:], *numbers, self._total()[1:]])]
        rule = "─" * (sum(widths) + 2 * len(numbers[0]))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], self._caption()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        style = "text-align:{};white-space:pre;font-variant-numeric:tabular-nums".format
        rows = [HEAD, *((_label(name, row), *_numbers(row)) for name, row in self._shown()), self._total()]
        body = ["<tr>" + "".join(f'<{tag} style="{style("left" if i < 2 else "right")}">{escape_html(cell)}</{tag}>'
                                 for i, cell in enumerate(row)) + "</tr>"
                for row, tag in zip(rows, ["th", *["td"] * (len(rows) - 2), "th"])]
        return f"<table>{''.join(body)}</table><p>{self._caption()}</p>"

    def _shown(self) -> Iterator[tuple[str, Row]]:
        """Each row under the part of its name that the layer above it does not say."""
        above: list[str] = []
        for row in self.rows:
            del above[row.depth:]
            outer = above[-1] + "." if above and above[-1] else ""
            yield row.name.removeprefix(outer), row
            above.append(row.name)

    def _total(self) -> tuple[str, ...]:
        return "total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", _bytes(self.activations)

    def _caption(self) -> str:
        fixed = f" {self.fixed:,} are fixed, {self.parameters - self.fixed:,} are learned." if self.fixed else ""
        return f"The parameters take {_bytes(self.parameter_bytes)}.{fixed}"


def summarise(model: Module, inputs: tuple[Any, ...]) -> Summary:
    """See Module.summary."""
    if not inputs:
        raise UsageError(f"{type(model).__name__}.summary needs an input, or its shape\n"
                         "  help: model.summary((1, 3, 32, 32)), or model.summary(x)")
    given = tuple(_input(model, x) for x in inputs)
    watched = _Watch(model, given)
    outer_note, outer_call = mode.note, mode.call

    def note(node: Node) -> None:
        if outer_note is not None:
            outer_note(node)
        watched.made(node)

    def call(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with watched.inside(module) as row:
            y = outer_call(module, args, kwargs) if outer_call is not None else module.forward(*args, **kwargs)
            row.outputs = _shapes(y)
            return y

    with evaluated(model), _freed(model), special_mode(recording=True, note=note, call=call):
        model(*given)
    return watched.summary()


@contextmanager
def _freed(model: Module) -> Iterator[None]:
    """No parameter is fixed inside, so that what is computed of parameters alone is seen, too."""
    fixed = [p for p in model.parameters() if not p.requires_grad]
    try:
        for p in fixed:
            p.requires_grad = True
        yield
    finally:
        for p in fixed:
            p.requires_grad = False


class _Watch:
    """What is seen of a forward pass, module by module."""

    def __init__(self, model: Module, given: tuple[Any, ...]) -> None:
        self.model = model
        self.paths = {id(module): name for name, module in reversed([*model.named_modules()])}
        self.rows: dict[int, Row] = {}
        self.running: list[Row] = []
        # Arrays by the id of what owns their memory; held, so that no id comes twice.
        self.held = {id(a): a for a in map(_owner, [*model.state_dict().values(), *map(_data, given)])}

    @contextmanager
    def inside(self, module: Module) -> Iterator[Row]:
        row = self.rows.get(id(module))
        if row is None:
            row = self.rows[id(module)] = self.row(module, len(self.running))
        row.calls += 1
        self.running.append(row)
        try:
            yield row
        finally:
            self.running.pop()

    def row(self, module: Module, depth: int) -> Row:
        kind = type(module).__name__
        return Row(self.paths.get(id(module), kind), kind, depth)

    def made(self, node: Node) -> None:
        row = self.running[-1]
        row.multiply_adds += multiply_adds(node)
        for data in (node._data, *node.inputs):      # an array among the inputs is a constant that the graph keeps
            if isinstance(data, np.ndarray):
                owner = _owner(data)
                if id(owner) not in self.held:
                    self.held[id(owner)] = owner
                    row.activations += owner.nbytes
        row.activations += 8 * isinstance(node, BaseValue)

    def summary(self) -> Summary:
        """The rows, with those of layers that were not called, and every parameter where it is held."""
        rows, seen, size = [*self.rows.values()], set[int](), 0
        place = {row.name: i for i, row in enumerate(rows)}
        for name, module in self.model.named_modules():
            row = self.rows.get(id(module))
            if row is None:
                above = next(n for n in _above(name) if n in place)
                row = self.row(module, rows[place[above]].depth + 1)
                at = place[above] + 1
                while at < len(rows) and rows[at].depth >= row.depth:
                    at += 1
                rows.insert(at, row)
                place = {r.name: i for i, r in enumerate(rows)}
            for part, thing in tree._walk(module, deep=False):
                for _, leaf in tree._leaves(part, thing):
                    if id(leaf) not in seen:
                        seen.add(id(leaf))
                        row.parameters += math.prod(leaf.shape)
                        row.fixed += math.prod(leaf.shape) * (not leaf.requires_grad)
                        size += leaf.data.nbytes if isinstance(leaf, Tensor) else 8
        return Summary(rows, size)


def multiply_adds(node: Node) -> int:
    """The multiply-adds of the operation that made a node; 0 for all but sums of products.

    >>> multiply_adds(Tensor(np.ones((2, 3))) @ np.ones((3, 5)))
    30
    """
    if node.op is None or node.op.cost is None:
        return 0
    return node.op.cost([shape_of(x) for x in node.inputs], node.shape, **node.params)


# --- the inputs and what comes out ------------------------------------------------------------------

def _input(model: Module, x: Any) -> Any:
    """Zeros of a shape, or the example itself: floating point numbers as a Tensor, so that every op is seen."""
    leaf: Any = next(model.parameters(), None)
    if isinstance(x, tuple) and x and all(isinstance(n, (int, np.integer)) for n in x):
        affordable(f"{type(model).__name__}.summary", *map(int, x))
        if min(x) < 1:
            raise UsageError(f"{type(model).__name__}.summary: a shape has positive lengths, not {x}")
        x = np.zeros(x, leaf.dtype if isinstance(leaf, Tensor) else np.float64)
    if traced(x):
        return x
    try:
        array = np.asarray(x)
    except (TypeError, ValueError):
        raise UsageError(f"{type(model).__name__}.summary takes shapes and examples of the inputs, not "
                         f"{shown_in_error(x)}") from None
    if array.dtype.kind != "f" or isinstance(leaf, BaseValue):
        return x
    return Tensor(array if isinstance(x, np.ndarray) or not isinstance(leaf, Tensor) else array.astype(leaf.dtype))


def _shapes(y: Any) -> list[Shape]:
    """The shapes of an output, of each part in a nest of tuples, lists and dicts."""
    parts = y.values() if isinstance(y, dict) else y if isinstance(y, (tuple, list)) else None
    if parts is not None:
        return [shape for part in parts for shape in _shapes(part)]
    return [shape_of(y)] if isinstance(y, np.ndarray) or traced(y) else []


def _data(x: Any) -> Any:
    return np.asarray(x._data if isinstance(x, Node) else x)


def _owner(array: Any) -> Any:
    """The array whose memory this one is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _above(name: str) -> Iterator[str]:
    """The paths of the layers above one, from the nearest to the model's."""
    while name:
        name = name.rpartition(".")[0]
        yield name


# --- as text ----------------------------------------------------------------------------------------

def _label(name: str, row: Row, indent: str = "  ") -> str:
    called = f"{name}: {row.kind}" if name and name != row.kind else row.kind
    return indent * row.depth + called + (f" ×{row.calls}" if row.calls > 1 else "")


def _numbers(row: Row) -> tuple[str, ...]:
    output = _shortened(", ".join(map(str, row.outputs)), SHAPES) if row.calls else "not called"
    counts = [f"{n:,}" if n else "" for n in (row.parameters, row.multiply_adds)]
    return output, *counts, _bytes(row.activations) if row.activations else ""


def _bytes(n: int) -> str:
    """A number of bytes to be read.

    >>> _bytes(40), _bytes(61706 * 4), _bytes(3 << 30)
    ('40 B', '241 KiB', '3 GiB')
    """
    size, unit = float(n), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1023.5:
            break
        size, unit = size / 1024, larger
    return f"{size:.3g} {unit}"


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[:width - 1] + "…"
