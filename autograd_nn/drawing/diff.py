"""diff(): what changed between two graphs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.escaping import escape_html
from ..errors import UsageError
from ..notation.names import names_of
from ..notation.summary import Data
from .matching import matched
from .picture import Picture
from .record.formula import formula
from .record.trace import VERSION, Graph, NodeRecord, Trace, trace_of
from .render.dot import dot_source
from .render.text import aligned, data_text

COMPARED = "value", "gradient", "op", "params"          # the entries of a NodeRecord that are compared
DIGITS = 6                                              # significant digits of a number in the tables
LONGEST = 200
"""Lines of each table (changed, added, removed). What is beyond them is counted in a last line."""


@dataclass(frozen=True, repr=False)
class Diff:
    """What changed between two Traces. False where nothing did; print() and notebooks show it as tables.

    before, after   the two Traces
    pairs           number of a node in `after` -> number of the same node in `before`
    changed         number of a node in `after` -> {"value": (old, new), "gradient": ..., "op": ..., "params": ...},
                    with the entries that changed
    added, removed  numbers of nodes that only `after`, and only `before`, has
    """

    before: Trace
    after: Trace
    pairs: dict[int, int]
    changed: dict[int, dict[str, tuple[Any, Any]]]
    added: list[int]
    removed: list[int]

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.removed)

    def json(self) -> dict[str, Any]:
        """The changes as plain JSON, for `json.dumps`: nodes by their number in `before` and in `after`."""
        names = names_of(self.after["nodes"])
        return {"version": VERSION, "added": list(self.added), "removed": list(self.removed),
                "changed": [{"before": self.pairs[i], "after": i, "name": names[i],
                             **{key: list(pair) for key, pair in what.items()}} for i, what in self.changed.items()]}

    def draw(self, **options: Any) -> Picture:
        """The graph after, in which nodes that changed or came are marked. The options are those of draw()."""
        marks = {i: ", ".join(_in_words(key, *pair) for key, pair in what.items())
                 for i, what in self.changed.items()} | dict.fromkeys(self.added, "added")
        title = options.pop("title", None) or self._summary()
        return Picture(self.after, dot_source(self.after, title=title, marks=marks, **options), marks)

    def _summary(self) -> str:
        if not self:
            return "nothing changed"
        count = {key: sum(key in what for what in self.changed.values()) for key in COMPARED}
        words = {"value": "value", "gradient": "gradient", "op": "op", "params": "set of parameters"}
        parts = [f"{n:,} {words[key]}{'s' * (n != 1 and key != 'params')} changed" for key, n in count.items() if n]
        parts += [f"{len(nodes):,} node{'s' * (len(nodes) != 1)} {what}"
                  for what, nodes in (("added", self.added), ("removed", self.removed)) if nodes]
        return ", ".join(parts)

    def _rows(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        """Title and rows of each table."""
        names, old_names = names_of(self.after["nodes"]), names_of(self.before["nodes"])
        tables: list[tuple[str, list[tuple[str, ...]]]] = []
        rows: list[tuple[str, ...]] = []
        for i, what in [*self.changed.items()][:LONGEST]:
            others = "; ".join(f"{key} {_params(pair[0])} → {_params(pair[1])}" for key, pair in what.items()
                               if key not in ("value", "gradient"))
            rows.append((_who(self.after["nodes"][i], names), *(_arrow(what.get(key)) for key in ("value", "gradient")),
                         others))
        if rows:
            tables.append(("changed", [("node", "value", "gradient", ""), *rows, *_more(self.changed, 4)]))
        for title, trace, known, nodes in (("added", self.after, names, self.added),
                                           ("removed", self.before, old_names, self.removed)):
            rows = [(known[i], _made(trace, i, known), data_text(trace["nodes"][i]["value"], DIGITS))
                    for i in nodes[:LONGEST]]
            if rows:
                tables.append((title, [("node", "made by", "value"), *rows, *_more(nodes, 3)]))
        return tables

    def __str__(self) -> str:
        parts = [f"{self._summary()}\n"]
        parts += [f"{title}\n" + "".join(f"  {line}\n" for line in aligned(rows).splitlines())
                  for title, rows in self._rows()]
        return "\n".join(parts)

    def __repr__(self) -> str:
        return f"<Diff: {self._summary()}; print() shows it>"

    def _repr_html_(self) -> str:
        parts = [f"<p>{escape_html(self._summary())}</p>"]
        for title, (head, *rows) in self._rows():
            cells = ["".join(f"<{tag} style='text-align:left'>{escape_html(text)}</{tag}>" for text in row)
                     for tag, row in [("th", head), *(("td", row) for row in rows)]]
            parts.append(f"<p><b>{title}</b></p><table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>")
        return "\n".join(parts)


def diff(before: Trace | Graph, after: Trace | Graph, *, rtol: float = 0.0) -> Diff:
    """What changed between two graphs: values, gradients, ops, and nodes that came or went.

    before, after   Traces, or what has one: a node, several, what `with trace()` gave. A Trace keeps the numbers of
                    its moment, a graph does not: take `trace_of(loss)` before a training step
    rtol            numbers count as equal where they differ by at most this share of the larger one

    Nodes are told by their names and by what they are made of and used for, not by their numbers, so a node
    that was put in between is one node added. `diff(t, t)` is empty. The result can be printed, drawn and made JSON.

    Raises UsageError for what has no Trace, and for a Trace of another version.

    >>> from autograd_nn import Value
    >>> w = Value(3.0, name="w")
    >>> y = w * 2
    >>> before = trace_of(y)
    >>> w.data = 4.0
    >>> print(diff(before, w * 2))
    2 values changed
    <BLANKLINE>
    changed
      node   value  gradient
      w      3 → 4
      w × 2  6 → 8
    <BLANKLINE>
    """
    a, b = _as_trace(before), _as_trace(after)
    pairs = matched(a, b)
    kept = set(pairs.values())
    changed: dict[int, dict[str, tuple[Any, Any]]] = {}
    for j, i in pairs.items():
        old, new = a["nodes"][i], b["nodes"][j]
        what = {key: (old[key], new[key]) for key in COMPARED  # type: ignore[literal-required]
                if not _same(old[key], new[key], rtol)}  # type: ignore[literal-required]
        if what:
            changed[j] = what
    return Diff(a, b, pairs, changed, [n["id"] for n in b["nodes"] if n["id"] not in pairs],
                [n["id"] for n in a["nodes"] if n["id"] not in kept])


def _as_trace(graph: Any) -> Trace:
    if not isinstance(graph, Mapping):
        return trace_of(graph)
    if graph.get("version") != VERSION or "nodes" not in graph:
        raise UsageError(f"diff: this is no Trace of version {VERSION}: version {graph.get('version')!r}\n"
                         "  help: trace_of(graph) makes one")
    return graph  # type: ignore[return-value]


def _same(old: Any, new: Any, rtol: float) -> bool:
    if old == new:
        return True
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(_same(old[key], new[key], rtol) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_same(x, y, rtol) for x, y in zip(old, new))
    if isinstance(old, (int, float)) and isinstance(new, (int, float)):
        return abs(old - new) <= rtol * max(abs(old), abs(new))
    return False


def _who(node: NodeRecord, names: list[str]) -> str:
    """A node's name, or how it is made where it has none."""
    if node["name"] or node["label"] or node["op"] is None or node["role"] == "constant":
        return names[node["id"]]
    return formula(node, names) or names[node["id"]]


def _made(trace: Trace, i: int, names: list[str]) -> str:
    return formula(trace["nodes"][i], names) or trace["nodes"][i]["role"]


def _arrow(pair: tuple[Data | None, Data | None] | None) -> str:
    return "" if pair is None else f"{_shown(pair[0])} → {_shown(pair[1])}"


def _shown(data: Data | None) -> str:
    return "not computed" if data is None else data_text(data, DIGITS)


def _params(x: Any) -> str:
    return ", ".join(f"{k}={v}" for k, v in x.items()) or "none" if isinstance(x, Mapping) else str(x)


def _in_words(key: str, old: Any, new: Any) -> str:
    return f"{key} {_arrow((old, new))}" if key in ("value", "gradient") else f"{key} {_params(old)} → {_params(new)}"


def _more(nodes: Iterable[Any], columns: int) -> list[tuple[str, ...]]:
    left = len([*nodes]) - LONGEST
    return [(f"… {left:,} more", *[""] * (columns - 1))] if left > 0 else []
