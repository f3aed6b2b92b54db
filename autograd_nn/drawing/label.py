"""The labels of a picture: Graphviz's HTML-like text, with whatever a user wrote shown as it is."""

from __future__ import annotations

import html
import unicodedata
from typing import Any

from .summary import Data, short
from .trace import NodeRecord

FONT = "Helvetica,Arial,Noto Sans CJK JP,Hiragino Sans,Yu Gothic,sans-serif"
BODY, SMALLER, LARGER = 12, 10, 15
LONGEST = 48
"""Characters of a name in a picture."""
SLACK = 60
"""Graphviz shares out spare width evenly among columns: so many empty ones keep caption and number together."""
SPARE = 12 * ["<TD></TD>"]
"""Rows that take up spare height, as those columns do width: beside many slots the rest stays together."""
FEW = 4
"""So many slots are no higher than what stands beside them."""
GREY, RED = "#595959", "#A03C00"
LEFT: dict[str, Any] = {"ALIGN": "LEFT", "BALIGN": "LEFT"}


def clean(text: str) -> str:
    """Text that XML can hold: control characters as their pictures, half a surrogate pair as �."""
    shown = []
    for char in text:
        code = ord(char)
        if code < 0x20 and char not in "\n":
            shown.append(" " if char == "\t" else chr(0x2400 + code))
        elif 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
            shown.append("\ufffd")
        else:
            shown.append(char)
    return "".join(shown)


def plain(text: str) -> str:
    """Text for an attribute of its own, such as a tooltip: no escape and no entity means anything in it.

    A backslash becomes its look-alike: Graphviz reads some tooltips twice, and others once.
    """
    return html.escape(clean(text), quote=False).replace("\n", " ").replace("\\", "\u2216")


def width(text: str) -> float:
    """About how wide text is, in units of its font size: Chinese, Japanese, Korean and emoji are a full unit."""
    return sum(0.0 if unicodedata.combining(c) else 1.05 if unicodedata.east_asian_width(c) in "WF" else 0.58
               for c in text)


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


def node_label(node: NodeRecord, slots: dict[int, str], rankdir: str, gradients: bool, mark: str | None = None) -> str:
    """What stands in a node: the op, and beside it the mark, the name, the value and the gradient."""
    if node["role"] == "omitted":
        what = f"… {node['count']:,} more node{'s' * (node['count'] != 1)}" if node["count"] else "… more uses"
        return f"<{table([cell(what, SMALLER, GREY)], CELLPADDING=4)}>"
    if node["role"] == "constant":
        return f"<{table([_data(node['value'])], CELLPADDING=4)}>"
    rows = [cell(_clipped(f"⚠ {mark}"), BODY, RED, bold=True, **LEFT)] if mark is not None else []
    rows += [cell(_clipped(node["name"]), BODY, bold=True, **LEFT)] if node["name"] else []
    rows += [cell(_clipped(f"{key} {value}"), SMALLER, GREY, **LEFT) for key, value in node["params"].items()]
    slack = _wrapped("", COLSPAN=SLACK) if rows else ""
    numbers = [_caption("value", GREY) + _data(node["value"]) + slack]
    if gradients:
        numbers.append(_caption("grad", RED) + (
            _data(node["gradient"], RED) if node["gradient"] is not None
            else _wrapped(f"<I>{font('not computed', SMALLER, GREY)}</I>", **LEFT)) + slack)
    rows.append(_wrapped(table(numbers), **LEFT))
    inside = _wrapped(table(rows), CELLPADDING=4)
    if node["symbol"]:
        inside = cell(node["symbol"], LARGER, bold=True, CELLPADDING=6) + inside
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


def heading(title: str | None, note: str | None) -> str | None:
    """What stands above the picture."""
    rows = [cell(title, LARGER, bold=True, ALIGN="LEFT")] if title else []
    if note:
        rows.append(cell(note, SMALLER, GREY, ALIGN="LEFT"))
    return f"<{table(rows)}>" if rows else None


def _wrapped(inner: str, **attributes: Any) -> str:
    given = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<TD{given}>{inner}</TD>"


def _caption(text: str, color: str) -> str:
    return cell(text, SMALLER, color, WIDTH=34, **LEFT)


def _clipped(text: str) -> str:
    return "\n".join(line if len(line) <= LONGEST else line[:LONGEST - 1] + "…" for line in text.split("\n"))


def _data(data: Data | None, color: str = "") -> str:
    """A number, a small matrix number by number, or what a large array ranges over."""
    if not isinstance(data, dict):
        return cell("" if data is None else short(data), BODY, color, **LEFT)
    shape, numbers = "×".join(map(str, data["shape"])), data.get("data")
    if numbers is None:
        lines = f"{shape}  {data['dtype']}\n" + "  ".join(f"{k} {short(data[k])}" for k in ("min", "mean", "max"))
        return cell(lines, SMALLER, color, **LEFT)
    if not isinstance(numbers, list):
        return cell(short(numbers), BODY, color, **LEFT)
    grid = numbers if len(data["shape"]) == 2 else [numbers]
    rows = ["".join(cell(short(x), BODY, color, ALIGN="RIGHT") for x in row) for row in grid]
    if not any(rows):
        return cell(f"empty {shape}", SMALLER, color, **LEFT)
    return _wrapped(table(rows, CELLPADDING=3, BORDER=1, COLOR="#BFBFBF"), ALIGN="LEFT")
