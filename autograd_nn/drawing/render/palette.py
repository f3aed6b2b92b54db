"""The colours of pictures, each with the one that stands for it in dark mode.

Hues are Okabe and Ito's, which colour-blind readers tell apart: blue for what is positive, orange for what is
negative. Text keeps a contrast of at least 4.5 : 1 on every ground that it stands on.
"""

from __future__ import annotations

import math

from ...notation.summary import Data

DARK: dict[str, str] = {}
"""Light colour -> dark colour. No two meanings share a light colour unless they share the dark one."""


def _pair(light: str, dark: str) -> str:
    DARK[light] = dark
    return light


PAPER = _pair("#ffffff", "#15181c")
INK = _pair("#111111", "#f2f2f2")
GREY = _pair("#505050", "#bdbdbd")
RED = _pair("#8f3500", "#ffb48a")
"""Of gradients' captions."""
FRAME = _pair("#bfbfbf", "#5c6068")
EDGE = _pair("#4d4d4d", "#a8adb5")

LEAF = _pair("#ddf0fb", "#10303f"), _pair("#0072b2", "#56b4e9")
PARAMETER = _pair("#ddf5ec", "#0d352a"), _pair("#007a58", "#2fc79b")
CONSTANT = _pair("#f4f4f4", "#262a30"), _pair("#767676", "#9a9a9a")
INTERMEDIATE = _pair("#fefefe", "#1d2126"), _pair("#4e4e4e", "#b0b4ba")
OUTPUT = _pair("#fff4df", "#3a2d12"), _pair("#d55e00", "#ff9440")
BLOCK = _pair("#eeeef8", "#26263c"), _pair("#5b5bb0", "#9d9df0")
MARKED = _pair("#fbe0ef", "#4a1232"), _pair("#a3005c", "#ff7cc0")
"""Ground and border of each kind of node."""

ORDERS = (None, _pair("#e9def7", "#38235a"), _pair("#f6efb4", "#454006"), _pair("#d4d4d4", "#3c3c3c"))
"""Ground of the op of what the forward pass made, backward, double backward, and beyond."""

POSITIVE = (_pair("#eaf3fa", "#14242e"), _pair("#cde5f5", "#14384f"), _pair("#a9d3ee", "#115070"),
            _pair("#7fbde4", "#08638f"))
NEGATIVE = (_pair("#fcf0e3", "#2b2013"), _pair("#fbdfc0", "#4a3110"), _pair("#f8c794", "#66400a"),
            _pair("#f2a95f", "#845000"))
"""Grounds of numbers by their sign, from weak to strong."""


def tint(x: object, scale: float) -> str | None:
    """The ground of a number beside others of which the largest is `scale`: its hue is the sign, its
    strength the logarithm of the size, a step for each factor of ten. None for 0, and for what is no number.

    >>> tint(20.0, 20.0) == POSITIVE[-1], tint(-0.5, 20.0) == NEGATIVE[-2], tint(0.0, 1.0)
    (True, True, None)
    """
    if isinstance(x, (bool, str)) or not isinstance(x, (int, float)) or x == 0 or not math.isfinite(x) or scale <= 0:
        return None
    steps = POSITIVE if x > 0 else NEGATIVE
    below = math.floor(math.log10(scale) - math.log10(abs(x)) + 1e-9)
    return steps[max(0, min(len(steps) - 1, len(steps) - 1 - below))]


def largest_magnitude(data: Data | None) -> float:
    """The largest size of a finite number in a value or gradient; 0 where there is none."""
    found = 0.0
    stack: list[object] = [data]
    while stack:
        x: object = stack.pop()
        if isinstance(x, dict):
            stack += [x["data"]] if "data" in x else [x["min"], x["max"]]
        elif isinstance(x, list):
            stack.extend(x)
        elif isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x):
            found = max(found, abs(x))
    return found


def style(selector: str) -> str:
    """A stylesheet that gives an SVG its dark colours where the reader prefers them."""
    rules = [f"{selector} text{{fill:{DARK[INK]}}}"]
    for light, dark in DARK.items():
        rules.append(f'{selector} [fill="{light}"]{{fill:{dark}}}{selector} [stroke="{light}"]{{stroke:{dark}}}')
    return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"
