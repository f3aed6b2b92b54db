"""The labels of a picture: Graphviz's HTML-like text, with whatever a user wrote shown as it is."""

from __future__ import annotations

import html
from textwrap import wrap
from typing import Any

from ...core.escaping import clean
from ...notation.summary import Data, short
from ..record.states import WORDS
from ..record.trace import NodeRecord
from .palette import FRAME, GREY, ORDERS, RED, tint
from .text import columns

FONT = "Helvetica,Arial,Noto Sans CJK JP,Hiragino Sans,Yu Gothic,Meiryo,sans-serif"
BODY, SMALLER, LARGER = 12, 10, 15              # sizes of letters, in points
LONGEST = 48                                    # characters in a line: a longer name is cut, a longer mark is wrapped
MOST = 3                                        # lines of a mark; the rest is left out
LIMIT = 1000                                    # characters of a title or tooltip: Graphviz reads no string of 16,384
SLACK = 60
"""Empty columns at the right of a table. They take up spare width, which Graphviz shares out evenly among columns."""
SPARE = 12 * ["<TD></TD>"]
"""Empty rows above and below a node's text. They take up the spare height beside a long column of slots."""
FEW = 4
"""Slots: more than this are higher than the node's text beside them, which then needs the rows of SPARE."""
LEFT: dict[str, Any] = {"ALIGN": "LEFT", "BALIGN": "LEFT"}


def tooltip_text(text: str) -> str:
    """Text for an attribute of its own, such as a tooltip: no escape and no entity means anything in it.

    A backslash becomes its look-alike: Graphviz reads some tooltips twice, and others once.
    """
    text = text if len(text) <= LIMIT else f"{text[:LIMIT - 1]}…"
    return html.escape(clean(text), quote=False).replace("\n", " ").replace("\\", "\u2216")


def width(text: str) -> float:
    """About how wide text is, in units of its font size: Chinese, Japanese, Korean and emoji are a full unit."""
    return sum((0.0, 0.58, 1.05)[columns(c)] for c in text)


def escape(text: str) -> str:
    """Text as HTML-like labels need it; the backslash too, for Graphviz replaces \\N and its like even there."""
    return html.escape(clean(text), quote=False).replace("\\", 2 * "\\")


def font(text: str, size: int = BODY, color: str = "", bold: bool = False) -> str:
    """`text` (of a user) in a size and colour."""
    shown = '<BR ALIGN="LEFT"/>'.join(escape(line) or " " for line in text.split("\n"))
    if bold:
        shown = f"<B>{shown}</B>"
    colored = f' COLOR="{color}"' if color else ""
    return f'<FONT POINT-SIZE="{size}"{colored}>{shown}</FONT>'


def cell(text: str, size: int = BODY, color: str = "", bold: bool = False, **attributes: Any) -> str:
    """A cell wide enough for its text in whatever font the reader has."""
    least = max(width(line) for line in text.split("\n")) * size
    return _wrapped(font(text, size, color, bold), **{"WIDTH": round(least)} | attributes)


def table(rows: list[str], **attributes: Any) -> str:
    """Rows of cells as a table without lines."""
    look = {"BORDER": 0, "CELLBORDER": 0, "CELLSPACING": 0, "CELLPADDING": 1} | attributes
    given = "".join(f' {key}="{value}"' for key, value in look.items())
    return f"<TABLE{given}>{''.join(f'<TR>{row}</TR>' for row in rows)}</TABLE>"


def node_label(node: NodeRecord, slots: dict[int, str], rankdir: str, gradients: bool, mark: str | None = None,
               scales: tuple[float, float] = (0.0, 0.0)) -> str:
    """What stands in a node: the op, and beside it marks, states, the name, the value and the gradient.

    scales   the largest value and the largest gradient of the picture, beside which the others have their strength
    """
    if node["role"] == "omitted":
        what = f"… {node['count']:,} more node{'s' * (node['count'] != 1)}" if node["count"] else "… more uses"
        return f"<{table([cell(what, SMALLER, GREY)], CELLPADDING=4)}>"
    if node["role"] == "constant":
        many = [cell(f"{node['count']:,} uses", SMALLER, GREY)] if node["count"] > 1 else []
        return f"<{table([_data(node['value']), *many], CELLPADDING=4)}>"
    words = ([mark] if mark is not None else []) + [WORDS[state] for state in node["state"]]
    rows = [cell("\n".join(wrap(f"⚠ {text}", LONGEST)[:MOST]), BODY, RED, bold=True, **LEFT) for text in words]
    called = node["name"] or node["label"]
    rows += [cell(_clipped(called), BODY, bold=True, **LEFT)] if called else []
    if node["count"] > 1 and node["role"] != "box":
        rows.append(cell(f"{node['count']:,} alike", SMALLER, GREY, **LEFT))
    rows += [cell(_clipped(f"{key} {value}"), SMALLER, GREY, **LEFT) for key, value in node["params"].items()]
    slack = _wrapped("", COLSPAN=SLACK) if rows else ""
    numbers = []
    if node["value"] is not None:
        numbers.append(_caption("value", GREY) + _data(node["value"], scale=scales[0]) + slack)
    if gradients and node["gradient"] is not None:
        numbers.append(_caption("grad", RED) + _data(node["gradient"], scale=scales[1]) + slack)
    elif gradients and node["role"] != "box":
        numbers.append(_caption("grad", RED)
                       + _wrapped(f"<I>{font('not computed', SMALLER, GREY)}</I>", **LEFT) + slack)
    rows += [_wrapped(table(numbers), **LEFT)] if numbers else []
    inside = _wrapped(table(rows), CELLPADDING=4)
    if node["symbol"]:
        ground = ORDERS[min(node["order"], len(ORDERS) - 1)]
        inside = cell(node["symbol"] + "\u2032" * node["order"], LARGER, bold=True, CELLPADDING=6,
                      **({"BGCOLOR": ground} if ground else {})) + inside
    ports = [cell(name, SMALLER - 1, GREY, PORT=f"s{slot}", CELLPADDING=4) for slot, name in slots.items()]
    if not slots:
        return f"<{table([inside], CELLPADDING=0)}>"
    if rankdir == "LR":
        if len(ports) > FEW:
            inside = _wrapped(table([*SPARE, inside, *SPARE]))
        return f"<{table([_wrapped(table(ports)) + inside], CELLPADDING=0)}>"
    return f"<{table([_wrapped(table([''.join(ports)])), _wrapped(table([inside]))], CELLPADDING=0)}>"


def edge_label(text: str) -> str:
    """The local derivative, on the edge along which it multiplies."""
    return f"<{font('∂ ' + text, SMALLER, GREY)}>"


def heading(title: str | None, notes: list[str], deepest: int = 0) -> str | None:
    """What stands above the picture; `deepest` is the highest order of differentiation in it, which wants a legend."""
    title = title if title is None or len(title) <= LIMIT else f"{title[:LIMIT - 1]}…"
    rows = [cell(title, LARGER, bold=True, ALIGN="LEFT")] if title else []
    rows += [cell(note, SMALLER, GREY, ALIGN="LEFT") for note in notes]
    for order, words in enumerate(("made by backward", "by backward of backward", "by later backwards"), 1):
        if order <= deepest:
            key = cell(f" f{chr(0x2032) * order} ", SMALLER, BGCOLOR=ORDERS[order]) + cell(words, SMALLER, GREY)
            rows.append(_wrapped(table([key], CELLSPACING=2), ALIGN="LEFT"))
    return f"<{table(rows)}>" if rows else None


def _wrapped(inner: str, **attributes: Any) -> str:
    given = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<TD{given}>{inner}</TD>"


def _caption(text: str, color: str) -> str:
    return cell(text, SMALLER, color, WIDTH=34, **LEFT)


def _clipped(text: str) -> str:
    return "\n".join(line if len(line) <= LONGEST else line[:LONGEST - 1] + "…" for line in text.split("\n"))


def _data(data: Data | None, color: str = "", scale: float = 0.0) -> str:
    """A number, a small matrix number by number, or what a large array ranges over; on the ground of its sign."""
    def number(x: Any, **look: Any) -> str:
        ground = tint(x, scale)
        return cell(short(x), BODY, color, **(look | ({"BGCOLOR": ground} if ground else {})))

    if not isinstance(data, dict):
        return cell("", BODY, color, **LEFT) if data is None else number(data, **LEFT)
    shape, numbers = "×".join(map(str, data["shape"])), data.get("data")
    if numbers is None:
        rows = [cell(f"{shape}  {data['dtype']}", SMALLER, color, ALIGN="LEFT", COLSPAN=6)]
        rows.append("".join(cell(f" {key}", SMALLER, GREY, ALIGN="RIGHT") + number(data[key])
                            for key in ("min", "mean", "max")))
        return _wrapped(table(rows), ALIGN="LEFT")
    if not isinstance(numbers, list):
        return number(numbers, **LEFT)
    grid = numbers if len(data["shape"]) == 2 else [numbers]
    rows = ["".join(number(x, ALIGN="RIGHT") for x in row) for row in grid]
    if not any(rows):
        return cell(f"empty {shape}", SMALLER, color, **LEFT)
    return _wrapped(table(rows, CELLPADDING=3, BORDER=1, COLOR=FRAME), ALIGN="LEFT")
