"""replay: a training run as one page with a slider."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ...core.node import Node, data_of, topological
from ...core.options import instance, string, whole_number
from ...errors import UsageError
from ...notation.summary import json_number
from ...ops._refusal import shown_in_error
from ..page import Page
from ..record.trace import numbered
from .axes import COLOURS
from .boundary import Field, points_of, predicted_classes
from .layers import check_unchanged, leaves_of, named_leaves
from .replay_graph import structure, values_and_gradients
from .replay_page import replay_page

Array = np.ndarray[Any, Any]
SIDE = 24
"""Rows, and columns, of an array that are kept at most. A larger array is cut into blocks, and their means are kept."""
SHADES = 31
"""Steps of a class's colour, from unsure (0) to sure (SHADES). A byte holds a point: class * (SHADES + 1) + step."""


def replay(model: Any, optimizer: Any = None, *, x: Any = None, y: Any = None, output: str | None = None,
           loss: Any = None, title: str | None = None, limit: int = 100, max_nodes: int = 60,
           resolution: int = 40) -> Replay:
    """A recorder of a training run: one line in the loop, then one page with a slider over its steps.

        film = replay(model, optimizer, x=x, y=y)
        for step in range(200):
            optimizer.zero_grad()
            loss = nn.binary_cross_entropy_with_logits(model(x), y)
            loss.backward()
            film.snapshot(loss)                  # between backward() and step()
            optimizer.step()
        film.html("training.html")

    model       a Module, or a list of parameters
    optimizer   whose state is shown beside each parameter: velocity, Adam's m and v
    x, y        points of the plane (n, 2) and their classes, to watch the decision boundary; `output` and `loss`
                are then as for decision_boundary, and not needed where the first loss is the mean (or sum) of a
                usual one over all of x. Without x and y there is none.
    title       stands above the page
    limit       how many snapshots are kept at most: when there are more, every second one goes, and from
                then on only every second call is kept. The loss is kept of all.
    max_nodes   how many nodes of the graph are shown at most: those nearest the loss
    resolution  points of the boundary's grid along each side

    Raises UsageError for what is no model; ShapeError and DataError for x and y as decision_boundary.

    >>> from autograd_nn import Value, optim
    >>> w = Value(3.0, name="w")
    >>> optimizer = optim.SGD([w], lr=0.1, momentum=0.9)
    >>> film = replay([w], optimizer)
    >>> for _ in range(5):
    ...     optimizer.zero_grad()
    ...     loss = w ** 2
    ...     loss.backward()
    ...     film.snapshot(loss)
    ...     optimizer.step()
    >>> film
    <Replay of 5 steps, 5 kept; .html('training.html') writes the page>
    """
    return Replay(model, optimizer, x, y, output, loss, title, limit, max_nodes, resolution)


class Replay:
    """What `replay` gives: `snapshot(loss)` records, `html(path)` writes the page. len() counts the snapshots."""

    def __init__(self, model: Any, optimizer: Any, x: Any, y: Any, output: str | None, loss: Any, title: str | None,
                 limit: int, max_nodes: int, resolution: int) -> None:
        limit, max_nodes = whole_number("replay: limit", limit, 2), whole_number("replay: max_nodes", max_nodes)
        title = None if title is None else string("replay: title", title)
        if optimizer is not None and not (hasattr(optimizer, "params") and hasattr(optimizer, "state")):
            raise UsageError(f"replay: an optimizer has params and a state, and this is {shown_in_error(optimizer)}")
        if (x is None) != (y is None):
            raise UsageError("replay: x and y come together: points of the plane and their classes")
        model = list(model) if isinstance(model, Iterator) else model
        self.title, self.limit, self.max_nodes, self.every = title, limit, max_nodes, 1
        self.parameters = _parameters(model)
        self._names = {p: name for name, p in named_leaves(model)}
        self.optimizer = optimizer
        self.losses: list[float] = []
        self.shots: list[dict[str, Any]] = []
        self.structures: list[dict[str, Any]] = []
        self._known: dict[str, int] = {}
        self.field: Field | None = None
        self.data: dict[str, Any] | None = None
        if x is not None:
            if not callable(model):
                raise UsageError("replay: only a model that can be called has a decision boundary")
            self.field = Field(model, points_of(x), output, resolution, y, loss)
            classes, names = predicted_classes(y, len(self.field.points), self.field.k)
            self.data = {"points": _rounded(self.field.points), "classes": classes.tolist(), "names": names,
                         "extent": self.field.extent, "n": self.field.n, "colours": COLOURS}

    def snapshot(self, loss: Any, graph: Any = None) -> None:
        """Record this moment: after backward(), before the optimizer's step.

        loss    the loss, a Value or a Tensor of one element
        graph   the node whose graph is shown; the loss by default

        Raises UsageError for what is no such node, and where the parameters have changed since the loss
        was computed, so that values and parameters would not belong together.
        """
        if isinstance(loss, np.ndarray) and loss.dtype == object and loss.size == 1:
            loss = loss.item()
        if not isinstance(loss, Node) or np.size(data_of(loss)) != 1:
            raise UsageError(f"snapshot(loss): a Value or Tensor of one element, not {shown_in_error(loss)}")
        if self.field is not None and self.data is not None:
            self.field.learn(loss, np.asarray(self.data["classes"]))
        step = len(self.losses)
        self.losses.append(float(np.asarray(data_of(loss)).reshape(())))
        if step % self.every:
            return
        check_unchanged(topological([loss]), self._names)
        trace, ids = numbered(loss if graph is None else graph, max_nodes=self.max_nodes)
        for p, name in self._names.items():
            if p in ids:
                record = trace["nodes"][ids[p]]
                record["name"], record["parameter"] = name, True
        drawn = structure(trace)
        key = json.dumps(drawn, sort_keys=True)
        if key not in self._known:
            self._known[key] = len(self.structures)
            self.structures.append(drawn)
        values, gradients = values_and_gradients(trace)
        self.shots.append({"step": step, "graph": self._known[key], "values": values, "gradients": gradients,
                           "parameters": [self._entries(leaves, shape) for _, shape, leaves in self.parameters],
                           "boundary": None if self.field is None else _packed(self.field)})
        if len(self.shots) > self.limit:
            self.shots = self.shots[::2]
            self.every *= 2

    def page(self, *, lang: str = "en", height: int = 760) -> Page:
        """The page, which a notebook shows. Raises UsageError before any snapshot, and for another language.

        lang    "en" or "ja": the language to begin with; the page has both
        """
        if not self.shots:
            raise UsageError("replay: there is no snapshot yet\n"
                             "  help: film.snapshot(loss) in the training loop, between backward() and step()")
        optimizer = "" if self.optimizer is None else repr(self.optimizer)
        return replay_page({
            "losses": [json_number(float(f"{loss:.6g}")) for loss in self.losses], "shots": self.shots,
            "structures": self.structures, "data": self.data, "optimizer": optimizer,
            "parameters": [{"name": name, "shape": shape, "grid": _grid(shape)} for name, shape, _ in self.parameters],
        }, title=self.title, lang=lang, height=height)

    def html(self, path: str | PathLike[str], *, lang: str = "en") -> Path:
        """Write the page to a file and give back its path. Any browser shows it, without a network."""
        return self.page(lang=lang).save(path)

    def _repr_html_(self) -> str | None:
        return self.page()._repr_html_() if self.shots else None

    def __len__(self) -> int:
        return len(self.shots)

    def __repr__(self) -> str:
        return f"<Replay of {len(self.losses)} steps, {len(self)} kept; .html('training.html') writes the page>"

    def _entries(self, leaves: list[Any], shape: tuple[int, ...]) -> dict[str, Any]:
        """Of a parameter: its value, its gradient, and what the optimizer remembers of it."""
        found: dict[str, Any] = {"value": _cells([p._data for p in leaves], shape)}
        if all(p.has_grad for p in leaves):
            found["gradient"] = _cells([data_of(p._grad) for p in leaves], shape)
        if self.optimizer is not None:
            place = {id(p): i for i, p in enumerate(self.optimizer.params)}
            states = [self.optimizer.state[place[id(p)]] for p in leaves if id(p) in place]
            if len(states) == len(leaves):
                for key in states[0]:
                    entries = [state.get(key) for state in states]
                    if all(np.shape(e) == p.shape for e, p in zip(entries, leaves)) and not _counts(entries[0]):
                        found[key] = _cells(entries, shape)
                    elif np.ndim(entries[0]) == 0:
                        found[key] = json_number(entries[0])
        return found


def _counts(entry: Any) -> bool:
    """Whether an entry of the state is a counter, such as the number of steps, and no number of the parameter."""
    return isinstance(entry, (bool, int, np.integer))


def _parameters(model: Any) -> list[tuple[str, tuple[int, ...], list[Any]]]:
    """(name, shape, leaves) of each parameter; the Values of one array are one parameter."""
    groups: dict[str, list[Any]] = {}
    for _, name, _, p in leaves_of(model):
        groups.setdefault(name, []).append(instance("replay: a parameter", p, Node, "a Value or Tensor"))
    shapes = {name: a.shape for name, a in model.state_dict().items()} if hasattr(model, "state_dict") else {}
    return [(name, shapes.get(name) or (leaves[0].shape if len(leaves) == 1 else (len(leaves),)), leaves)
            for name, leaves in groups.items()]


# --- arrays as cells ----------------------------------------------------------------------------------

def _grid(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the table that shows an array: its last axis across, the others down."""
    columns = shape[-1] if shape else 1
    rows = int(np.prod(shape[:-1]))
    return min(rows, SIDE), min(columns, SIDE)


def _cells(parts: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """The numbers of a parameter, row by row."""
    array = np.asarray(parts[0] if len(parts) == 1 else parts, dtype=float)
    table = array.reshape(-1, shape[-1] if shape else 1)
    rows, columns = _grid(shape)
    with np.errstate(all="ignore"):
        for axis, n in ((0, rows), (1, columns)):
            if n < table.shape[axis]:
                starts = np.arange(n) * table.shape[axis] // n
                sizes = np.diff([*starts, table.shape[axis]])
                table = np.add.reduceat(table, starts, axis=axis) / (sizes[:, None] if axis == 0 else sizes)
    return list(_rounded(table.ravel()))


def _rounded(x: Array) -> Any:
    """Nested lists of numbers with five digits."""
    return [_rounded(part) for part in x] if x.ndim else json_number(float(f"{x:.5g}"))


def _packed(field: Field) -> str:
    scores = field.on_grid()
    p, k = field.probabilities(scores), field.k
    sure = np.clip((p.max(axis=-1) - 1 / k) / (1 - 1 / k), 0, 1)
    cells = (scores.argmax(axis=-1) % len(COLOURS)) * (SHADES + 1) + np.rint(sure * SHADES)
    return base64.b64encode(cells.astype(np.uint8).tobytes()).decode()


