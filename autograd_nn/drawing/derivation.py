"""explain(): the chain rule of one derivative, written out as in a textbook."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.node import Node
from ..core.options import flag, whole_number
from ..errors import UsageError
from ..notation.names import names_of, operand_text, tex_name
from ..notation.notations import MADE_LATEX
from ..notation.summary import Data, summary
from ..ops._refusal import shown_in_error
from .record.events import Event
from .record.formula import formula
from .record.lookup import place_of
from .record.notes import Recorded
from .record.trace import Graph, NodeRecord, Trace, numbered
from .render.text import aligned, data_text

DIGITS = 6                      # significant digits of a number
_CONDITION = re.compile(r"\[[^]]+ [>≥=] ")
CDOT = r" \cdot "
FACTORS = 12
"""Local derivatives, at most, that a derivation multiplies in its last line, where one path leads to the leaf."""
TERMS = 6
"""Uses of the leaf, at most, that a derivation adds up in its last line, where several paths lead to it."""
GIVEN = 8
"""Values, at most, in the line `given: x = 3, …`: those that are used and do not depend on the leaf."""


class Derivation(str):
    """A derivation as plain text; `steps`, `latex()` and `markdown()` have it as LaTeX. A notebook shows it typeset."""

    __slots__ = ("parts",)
    parts: list[tuple[str, list[tuple[str, str]]]]

    @property
    def steps(self) -> list[str]:
        """The lines, each as a LaTeX formula of its own."""
        return [left + right for _, lines in self.parts for left, right in lines]

    def latex(self) -> str:
        """The whole as LaTeX, for inside `\\[ ... \\]`; needs amsmath."""
        lines = [rf"{left} &{right}" for _, lines in self.parts for left, right in lines]
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def markdown(self) -> str:
        """The whole as Markdown with formulas between `$$`, as notebooks and GitHub show it."""
        shown = []
        for title, lines in self.parts:
            body = " \\\\\n".join(rf"{left} &{right}" for left, right in lines)
            shown.append(f"**{title}**\n\n$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$\n")
        return "\n".join(shown)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def explain(root: Graph, *leaves: Node | str, expand: bool = False, max_steps: int | None = 100) -> Derivation:
    """How d root / d leaf comes about, written out step by step from the root down to the leaf.

    Each step is one term of the chain rule. It states the local derivative, in symbols and in numbers,
    multiplies it by the gradient that has arrived from above, and adds the product to what the node has from
    its other uses. With several leaves (or none given: all of them) the derivation leads to each. It is
    computed from the graph as it stands; no backward pass is needed, and `.grad` is not touched.

    root        a Value or Tensor, or what `with trace() as t` gave: then nodes have the names of variables. For
                an array the sum of its elements is differentiated, and ḡ is d root / d node
    leaves      nodes, or their names: of the node, of its variable or parameter, or as the picture calls it ("v3")
    expand      take the sums made by `dot` and `sum_of`, which are one node each, apart into products and
                running sums
    max_steps   how many lines each part has at most: a longer one shows its beginning and its end; None for all

    The result is a str that has `.latex()` and `.markdown()` too, and that a notebook shows typeset. Raises
    UsageError for anything but a graph of one root, for a name of no node or of several and for what is neither
    node nor name, and GraphError for a leaf that it was not computed from.

    >>> from autograd_nn import Value
    >>> x, w = Value(3.0, name="x"), Value(2.0, name="w")
    >>> y = w * x
    >>> y.name = "y"
    >>> print(explain(y, w))
    dy/dw
    <BLANKLINE>
    forward
      given: x = 3
      w = 2
      y = w × x = 2 × 3 = 6
    <BLANKLINE>
    backward
      dy/dy = 1
      y = w × x, so dy/dw = x = 3
        dy/dw += dy/dy * dy/dw : 0 + 1 * 3 = 3
    <BLANKLINE>
    dy/dw = 3
    <BLANKLINE>
    """
    expand = flag("explain: expand", expand)
    max_steps = None if max_steps is None else whole_number("explain: max_steps", max_steps)
    trace, ids = _trace(root, expand)
    targets = [place_of(leaf, trace, ids, "explain") for leaf in leaves] or \
        [n["id"] for n in trace["nodes"] if n["role"] == "leaf"]
    return _Writer(trace, targets, max_steps).written()


@dataclass
class _Line:
    """A line as cells of text, and as the two sides of a formula."""

    cells: tuple[str, ...]
    left: str
    right: str


class _Writer:
    """Writes one derivation down."""

    def __init__(self, trace: Trace, targets: list[int], max_steps: int | None) -> None:
        self.targets, self.max_steps = targets, max_steps
        self.nodes = trace["nodes"]
        self.names = names_of(self.nodes)
        self.numbers = [*self.names]                 # in the places where they are looked at
        self.top = trace["roots"][0]
        self.on_path = _depending_on(trace, set(targets))
        self.events = [e for e in trace["events"] or [] if e["to"] in self.on_path]
        self.gradient: dict[int, Data | None] = {self.top: 1.0}
        for event in self.events:
            self.gradient[event["to"]] = event["after"]

    def written(self) -> Derivation:
        """The derivation as text and as LaTeX."""
        kept, left_out = self.ends([n for n in self.nodes if n["id"] in self.on_path], 1)
        forward = [self.forward(n) for n in kept]
        given = self.given(kept)
        used, unused = self.ends(self.events, 2)
        steps = [line for event in used for line in self.step(event)]
        d = self.d
        text = [", ".join(d(self.top, i) for i in self._shortened(self.targets)) + "…" * self._is_long(self.targets),
                "", "forward", *given.cells, self.table(forward, left_out),
                "backward", f"  {d(self.top, self.top)} = 1", self.table(steps, unused)]
        first = _Line((), self.dtex(self.top, self.top), "= 1")
        known = [(given.left, given.right)] if given.right else []
        parts = [("Forward", known + self.formulas(forward, left_out)),
                 ("Backward", [(first.left, first.right), *self.formulas(steps, unused)])]
        if any(_CONDITION.search(use["text"] or "") for e in self.events[:1000] if e["local"] is not None
               for use in self.nodes[e["from"]]["inputs"] if use["slot"] == e["slot"]):
            text += ["([condition] is 1 where the condition holds, and 0 elsewhere)", ""]
        whole = self.all_together() if len(self.targets) == 1 else None
        if whole is not None:
            text += ["all together", *(f"  {row}" for row in whole.cells), ""]
        results = [_Line((f"{d(self.top, i)} {self.result(i)}",), self.dtex(self.top, i), self.result(i, tex=True))
                   for i in self.targets]
        shown = self._shortened(results)
        text += [line.cells[0] for line in shown]
        if len(shown) < len(results):
            text.append(f"… {len(results) - len(shown):,} more")
        parts.append(("Result", [(whole.left, whole.right)] if whole is not None else
                      [(line.left, line.right) for line in shown]))
        made = Derivation("\n".join([*text, ""]))
        made.parts = parts
        return made

    # --- lines ------------------------------------------------------------------------------------
    def given(self, kept: list[NodeRecord]) -> _Line:
        """The line of the values that the derivation uses and that do not depend on the leaf."""
        used = dict.fromkeys(use["node"] for node in kept for use in node["inputs"])
        known = [i for i in used if i not in self.on_path and self.nodes[i]["role"] != "constant"]
        if not known:
            return _Line((), "", "")
        values = [f"{self.names[i]} = {_number(self.nodes[i]['value'])}" for i in known[:GIVEN]]
        tex = [f"{tex_name(self.names[i])} = {_tex_number(self.nodes[i]['value'])}" for i in known[:GIVEN]]
        more, tex_more = (", …", r",\; \ldots") if len(known) > GIVEN else ("", "")
        return _Line((f"  given: {', '.join(values)}{more}",), "", r",\; ".join(tex) + tex_more)

    def forward(self, node: NodeRecord) -> _Line:
        """How a node is made, and its value."""
        name, value = self.names[node["id"]], _number(node["value"])
        made, tex = formula(node, self.names), formula(node, self.names, MADE_LATEX)
        if not made:
            return _Line((f"  {name}", f"= {value}"), tex_name(name), f"= {_tex_number(node['value'])}")
        with_numbers, tex_numbers = self.put_in(node)
        return _Line((f"  {name}", f"= {made}{with_numbers} = {value}"), tex_name(name),
                     f"= {tex}{tex_numbers} = {_tex_number(node['value'])}")

    def put_in(self, node: NodeRecord) -> tuple[str, str]:
        """The formula of a node with numbers for its inputs; empty for arrays, many inputs and mere constants."""
        used = {use["node"] for use in node["inputs"]}
        if len(used) > GIVEN or any(isinstance(self.nodes[i]["value"], dict) for i in used) or \
                all(self.nodes[i]["role"] == "constant" for i in used):
            return "", ""
        for i in used:
            self.numbers[i] = _number(self.nodes[i]["value"])
        text = f" = {formula(node, self.numbers)}"
        return text, f" = {formula(node, self.numbers, MADE_LATEX)}"

    def step(self, event: Event) -> list[_Line]:
        """The lines of one step: the local derivative, and what it adds to the gradient."""
        node, x = self.nodes[event["from"]], event["to"]
        i, d, top = node["id"], self.d, self.top
        use = next(u for u in node["inputs"] if u["slot"] == event["slot"])
        before, after = _number(event["before"]), _number(event["after"])
        if event["local"] is None:
            return self.array_step(event, use["text"], use["tex"])
        local, upstream = _number(event["local"]), _number(event["upstream"])
        symbols = use["text"]
        equal = f" = {symbols}" if symbols is not None and symbols.replace("−", "-") != local else ""
        tex_equal = f" = {use['tex']}" if equal else ""
        made = formula(node, self.names)
        because = _Line((f"  {self.names[i]} = {made}, so {d(i, x)}{equal} = {local}",), self.dtex(i, x),
                        f"{tex_equal} = {_tex_number(event['local'])}")
        added = _Line((f"    {d(top, x)}", f"+= {d(top, i)} * {d(i, x)}",
                       f": {before} + {_factor(upstream)} * {_factor(local)} = {after}"),
                      self.dtex(top, x), rf"\mathrel{{+}}= {self.dtex(top, i)} \, {self.dtex(i, x)} \;:\; "
                      rf"{_tex_number(event['before'])} + {_tex_factor(event['upstream'])} \cdot "
                      rf"{_tex_factor(event['local'])} = {_tex_number(event['after'])}")
        return [because, added]

    def array_step(self, event: Event, text: str | None, tex: str | None) -> list[_Line]:
        """The lines of one step in a graph of arrays: the rule by which the op hands its gradient down."""
        i, x, top = event["from"], event["to"], self.top
        text, tex = text or "…", tex or r"\ldots"
        arrived, upstream = self.d(top, i), self.dtex(top, i)
        chain = text.replace("ḡ", arrived) if text.startswith("ḡ :") else \
            text.replace("(ḡ)", f"({arrived})").replace("ḡ", f"({arrived})")
        made = formula(self.nodes[i], self.names)
        numbers = "" if event["contribution"] is None else \
            f"= {_number(event['before'])} + {_number(event['contribution'])} = {_number(event['after'])}"
        return [_Line((f"  {self.names[i]} = {made}, so",), r"\bar{g}", f"= {upstream}"),
                _Line((f"    {self.d(top, x)}", f"+= {chain}", numbers), self.dtex(top, x), rf"\mathrel{{+}}= {tex}")]

    def all_together(self) -> _Line | None:
        """The last line: a product if one path leads to the leaf, else the sum over its uses; None if too long."""
        target, top = self.targets[0], self.top
        into: dict[int, list[Event]] = {}
        for event in self.events:
            into.setdefault(event["to"], []).append(event)
        path: list[Event] = []
        at = target
        while len(into.get(at, ())) == 1:
            path.append(into[at][0])
            at = path[-1]["from"]
        if any(e["local"] is None for e in path + into.get(target, [])):
            return None
        after = self.gradient.get(target, 0.0)          # 0 where no input on the way has a rule
        if at == top and 1 < len(path) <= FACTORS:
            path.reverse()
            symbols = [self.d(e["from"], e["to"]) for e in path]
            tex = [self.dtex(e["from"], e["to"]) for e in path]
            numbers = [_factor(_number(e["local"])) for e in path]
            tex_numbers = [_tex_factor(e["local"]) for e in path]
            return _Line(_in_rows(self.d(top, target), " * ".join(symbols), " * ".join(numbers), _number(after)),
                         self.dtex(top, target),
                         f"= {' '.join(tex)} = {CDOT.join(tex_numbers)} = {_tex_number(after)}")
        uses = into.get(target, [])
        if not 1 < len(uses) <= TERMS:
            return None
        terms = [f"{self.d(top, e['from'])} * {self.d(e['from'], target)}" for e in uses]
        numbers = [f"{_factor(_number(e['upstream']))} * {_factor(_number(e['local']))}" for e in uses]
        tex = [f"{self.dtex(top, e['from'])} {self.dtex(e['from'], target)}" for e in uses]
        tex_numbers = [rf"{_tex_factor(e['upstream'])} \cdot {_tex_factor(e['local'])}" for e in uses]
        return _Line(_in_rows(self.d(top, target), " + ".join(terms), " + ".join(numbers), _number(after)),
                     self.dtex(top, target), f"= {' + '.join(tex)} = {' + '.join(tex_numbers)} = {_tex_number(after)}")

    def result(self, i: int, tex: bool = False) -> str:
        """What stands behind the derivative by a leaf: its number, or for an array its shape."""
        shape = self.nodes[i]["value"]
        found = self.gradient[i] if i in self.gradient else \
            summary(np.zeros(shape["shape"], shape["dtype"]) if isinstance(shape, dict) else 0.0)
        if found is None:
            known = self.nodes[i]["gradient"]
            if known is not None:
                return f"= {_tex_number(known) if tex else _number(known)}"
            text = f": {tuple(shape['shape'])}" if isinstance(shape, dict) else ": not computed"
            return rf"\;{text}" if tex and isinstance(shape, dict) else text
        return f"= {_tex_number(found) if tex else _number(found)}"

    # --- how it is set ------------------------------------------------------------------------------
    def d(self, u: int, v: int) -> str:
        """du/dv."""
        return f"d{operand_text(self.names[u])}/d{operand_text(self.names[v])}"

    def dtex(self, u: int, v: int) -> str:
        r"""\frac{\partial u}{\partial v}."""
        return rf"\frac{{\partial {tex_name(self.names[u])}}}{{\partial {tex_name(self.names[v])}}}"

    def _is_long(self, lines: list[Any]) -> bool:
        return self.max_steps is not None and len(lines) > self.max_steps

    def _shortened(self, lines: list[Any]) -> list[Any]:
        return lines[:self.max_steps] if self._is_long(lines) else lines

    def table(self, kept: list[_Line], left_out: int) -> str:
        """The lines with their cells in columns, and in the middle how many are left out."""
        wide = iter(aligned([line.cells for line in kept if len(line.cells) > 2], gap=1).splitlines()
                    if any(len(line.cells) > 2 for line in kept) else ())
        pairs = iter(aligned([line.cells for line in kept if len(line.cells) == 2], gap=1).splitlines()
                     if any(len(line.cells) == 2 for line in kept) else ())
        rows = [next(wide) if len(line.cells) > 2 else next(pairs) if len(line.cells) == 2 else line.cells[0]
                for line in kept]
        if left_out:
            rows.insert(len(rows) // 2, f"  … {left_out:,} more lines")
        return "\n".join([*rows, ""])

    def formulas(self, kept: list[_Line], left_out: int) -> list[tuple[str, str]]:
        """The lines as formulas, and in the middle a mark where some are left out."""
        rows = [(line.left, line.right) for line in kept]
        if left_out:
            rows.insert(len(rows) // 2, (r"\ldots", ""))
        return rows

    def ends(self, things: list[Any], lines: int) -> tuple[list[Any], int]:
        """The first and the last of some things, each of `lines` lines, and how many lines are left out between."""
        if self.max_steps is None or len(things) * lines <= self.max_steps:
            return things, 0
        half = max(1, self.max_steps // 2 // lines)
        return [*things[:half], *things[-half:]], (len(things) - 2 * half) * lines


def _trace(root: Graph, expand: bool) -> tuple[Trace, dict[Node, int]]:
    if not isinstance(root, (Node, Recorded)):
        raise UsageError(f"explain: the root must be a Value, a Tensor or what `with trace()` gave, "
                         f"not {type(root).__name__} {shown_in_error(root)}")
    trace, ids = numbered(root, expand=expand)
    if len(trace["roots"]) != 1:
        names = ", ".join(names_of([trace["nodes"][i] for i in trace["roots"][:6]]))
        raise UsageError(f"explain: {len(trace['roots'])} results were recorded ({names}), and a derivation starts "
                         "from one\n  help: t.of(loss).explain(leaf) takes one of them")
    return trace, ids


def _depending_on(trace: Trace, targets: set[int]) -> set[int]:
    found = set(targets)
    for node in trace["nodes"]:
        if any(use["node"] in found for use in node["inputs"]):
            found.add(node["id"])
    return found


def _number(x: Data | None) -> str:
    return data_text(x, DIGITS)


def _in_rows(left: str, symbols: str, numbers: str, result: str) -> tuple[str, ...]:
    """left = symbols = numbers = result, in two rows if it is long for one."""
    if len(symbols) + len(numbers) < 70:
        return (f"{left} = {symbols} = {numbers} = {result}",)
    return f"{left} = {symbols}", f"{' ' * len(left)} = {numbers} = {result}"


def _factor(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _tex_number(x: Data | None) -> str:
    if (isinstance(x, dict) and isinstance(x.get("data"), list)) or not isinstance(x, dict):
        text = _number(x)
        mantissa, e, exponent = text.partition("e")
        if text in ("inf", "-inf"):
            return text.replace("inf", r"\infty")
        if text == "nan":
            return r"\mathrm{nan}"
        return rf"{mantissa} \cdot 10^{{{exponent}}}" if e and "[" not in text else text
    return r"\mathrm{array}\;" + " \\times ".join(map(str, x["shape"]))


def _tex_factor(x: Data | None) -> str:
    text = _tex_number(x)
    return rf"\left({text}\right)" if text.startswith("-") or "cdot" in text else text
