"""How a node is made, and its local derivatives: the rules of the op table, run on symbols with the nodes' names.

Nothing is differentiated here and no formula is written twice: a rule is run on symbols as the engine
runs it on numbers, and what comes out is printed as text and as LaTeX.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.node import Node
from ...notation.array_symbol import ArraySymbol, data_behind, written_size
from ...notation.names import operand_text, tex_name
from ...notation.notations import SHORT_LATEX, TYPESET
from ...notation.printer import MISSING, Formula, Notation
from ...notation.summary import heat_map
from ...notation.symbol import Symbol
from ...ops import OPS, Op, shape_of, sum_to

if TYPE_CHECKING:
    from .trace import NodeRecord

LARGEST = 100_000
"""Elements of an array: with larger arrays a rule is quoted as it stands, and not run to learn its shapes."""

LONGEST = 200
"""Names, numbers and ops in a formula: nobody would read a longer one, so the rule is quoted instead."""

Written = tuple[str, str]
"""Something as text and as LaTeX."""


def written(node: Node, record: NodeRecord, names: list[str]) -> None:
    """Fill in `text` and `tex` of each input of a node: the derivative by it, or its rule.

    Of numbers it is the derivative: "2 × u", "1 + h²". Of arrays it is what turns the gradient ḡ of the
    node into the gradient of the input, and that one's shape: "ḡ @ Wᵀ : (32, 10)".
    """
    op = node.op
    if op is None:
        return
    given = node.inputs
    uses = [use for use in record["inputs"] if use["slot"] is not None and isinstance(given[use["slot"]], Node)]
    if not uses:
        return
    rules: Callable[[Any], tuple[Any, ...] | None]
    if op.scalar is None or type(node._data) is not float:
        rules = _array_rules(node, record, names)
    elif op.arity < 0:
        rules = _sum_rules(node, record, names)
    else:
        rules = _scalar_rules(node, record, names)
    for use in uses:
        found = rules(use["slot"])
        if found is not None:
            use["text"], use["tex"], *numbers = found
            if numbers:
                use["local"] = numbers[0]


# --- numbers ------------------------------------------------------------------------------------------

def _placeholder(slot: int) -> str:
    return chr(0xE000 + slot)                        # of the private use area: in no name that is shown


_OUT = 0x400
"""The placeholder of the output: a slot that no input has."""


def _scalar_rules(node: Node, record: NodeRecord, names: list[str]) -> Callable[[Any], Written | None]:
    given = node.inputs
    op = node.op
    assert op is not None
    constants = tuple(None if isinstance(x, Node) else float(x) for x in given)
    named = bool(record["name"] or record["label"])
    params = node.params
    try:
        made = _templates(op, constants, tuple(params.items()), named)
    except TypeError:                                # a parameter that is no number
        made = _templates.__wrapped__(op, constants, tuple(params.items()), named)
    called = {0xE000 + use["slot"]: names[use["node"]] for use in record["inputs"] if use["slot"] is not None}
    if named:
        called[0xE000 + _OUT] = names[record["id"]]

    def rule(slot: Any) -> Written | None:
        template = made[slot]
        if template is None:
            return None
        text, tex, bare = template
        if bare:
            return text, tex
        return (text.translate({k: operand_text(v) for k, v in called.items()}),
                tex.translate({k: _braced(tex_name(v)) for k, v in called.items()}))
    return rule


@lru_cache(maxsize=4096)
def _templates(op: Op, constants: tuple[float | None, ...], params: tuple[tuple[str, Any], ...],
               named: bool) -> list[tuple[str, str, bool] | None]:
    """For each slot the derivative, with placeholders for names, and whether there are none in it."""
    xs = [Symbol(_placeholder(i)) if c is None else c for i, c in enumerate(constants)]
    out = Symbol(_placeholder(_OUT)) if named else Symbol._made(op, tuple(xs), dict(params))
    found: list[tuple[str, str, bool] | None] = []
    for rule, constant in zip(op.written, constants):
        if rule is None or constant is not None:
            found.append(None)
            continue
        try:
            d = rule(1.0, out, *xs, **dict(params))
        except Exception:                 # a user's own rule may want real numbers
            found.append(None)
            continue
        text, tex = TYPESET(d), SHORT_LATEX(d)
        found.append((text, tex, not any(ord(c) >= 0xE000 for c in text)))
    return found


def _sum_rules(node: Node, record: NodeRecord, names: list[str]) -> Callable[[Any], Written | None]:
    """The derivatives of a sum of many inputs: each is written anew, for a template serves one number of inputs."""
    op = node.op
    assert op is not None
    xs: list[Any] = [Symbol("…")] * len(node.inputs)
    for use in record["inputs"]:
        if use["slot"] is not None:
            xs[use["slot"]] = Symbol(names[use["node"]])

    def rule(slot: Any) -> Written | None:
        rule = op.written[slot]
        try:
            d = rule and rule(1.0, node._data, *xs, **node.params)
        except Exception:
            return None
        if isinstance(d, Symbol) and d.op is None:
            return d.name, tex_name(d.name)
        return None if d is None else (TYPESET(d), SHORT_LATEX(d))
    return rule


def _fitted(d: Any, shape: tuple[int, ...]) -> Any:
    return sum_to(d, shape=shape) if shape_of(d) not in ((), shape) else d


def _braced(tex: str) -> str:
    return f"{{{tex}}}" if len(tex) > 1 else tex


# --- arrays -------------------------------------------------------------------------------------------


def _array_rules(node: Node, record: NodeRecord, names: list[str]) -> Callable[[Any], tuple[Any, ...] | None]:
    op = node.op
    assert op is not None
    given = node.inputs
    called = {use["slot"]: names[use["node"]] for use in record["inputs"] if use["slot"] is not None}
    data = getattr(node, "_operands", None) or [x._data if isinstance(x, Node) else x for x in given]
    small = sum(map(np.size, data)) + np.size(node._data) <= LARGEST
    xs = [ArraySymbol(called.get(i, "…"), d) if isinstance(x, Node) or np.ndim(d) else d
          for i, (x, d) in enumerate(zip(given, data))]
    g = ArraySymbol("ḡ", np.ones_like(node._data))
    out = ArraySymbol(names[record["id"]], node._data)

    def rule(slot: Any) -> tuple[Any, ...] | None:
        rule = op.vjps[slot]
        if rule is None:
            return None
        x = given[slot]
        end = f" : ({', '.join(map(str, x.shape))}{',' * (len(x.shape) == 1)})"
        tex_end = rf" \;:\; ({', '.join(map(str, x.shape))})"
        inside = [called.get(i, "…") for i in range(min(len(given), 6))]
        tex_inside = ", ".join([r"\bar{g}", *map(tex_name, inside)])
        quoted = (f"vjp of {op.name}({', '.join(['ḡ', *inside])}){end}",
                  rf"\operatorname{{vjp}}_{{{tex_name(op.name)}}}({tex_inside}){tex_end}")
        if not small:
            return quoted
        try:
            with np.errstate(all="ignore"):
                exact, d = (_fitted(r(g, out, *xs, **node.params), x.shape) for r in (rule, op.written[slot]))
            numbers = heat_map(np.broadcast_to(data_behind(exact), x.shape))
            if written_size(d) > LONGEST:
                return *quoted, numbers
            return TYPESET(d) + end, SHORT_LATEX(d) + tex_end, numbers
        except Exception:                            # a rule that looks into its arguments
            return quoted
    return rule


# --- how a node is made -------------------------------------------------------------------------------

def formula(record: NodeRecord, names: list[str], notation: Notation = TYPESET) -> str:
    """How a node is made: `u × w`, `relu(h)`, `(u − 1)²`; for a leaf nothing. Of a record alone: its op is looked up.

    Uses that are left out of the picture together stand at the end of a sum.
    """
    called = record["op"]
    if called is None:
        return ""
    op = OPS.get(called)
    params = {key: Formula(value) for key, value in record["params"].items()} if record["params"] else {}
    given = {use["slot"]: Formula(names[use["node"]]) for use in record["inputs"] if use["slot"] is not None}
    left_out = [names[use["node"]] for use in record["inputs"] if use["slot"] is None]
    if op is not None and op.terms is not None:
        inputs = [given.get(slot, MISSING) for slot in range(record["arity"])]
        made = [notation(Formula._made(op, inputs, params))] if given else []
        return " + ".join(made + [notation.name(name).text for name in left_out])
    if op is not None and len(given) == op.arity:
        return notation(Formula._made(op, [*given.values()], {**op.params, **params}))
    arguments = [notation.name(names[use["node"]]) for use in record["inputs"]]
    return notation.call(called, arguments, {key: notation.name(value.name) for key, value in params.items()}).text
