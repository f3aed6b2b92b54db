"""What the figures share: where they are drawn, colours that colour-blind readers can tell apart, and fonts."""

from __future__ import annotations

from functools import cache
from typing import Any

from ...core.escaping import clean
from ...core.options import axes_or_none

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5C00", "#444444")
"""Okabe and Ito's, in an order in which neighbours differ also in brightness."""
# One for each colour, so that a curve or class is told by its marker too.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

_CJK = ("NotoSansCJK", "NotoSansJP", "SourceHanSans", "ipaexg", "ipag", "TakaoGothic", "VL-Gothic", "Hiragino",
        "YuGoth", "meiryo", "msgothic", "wqy-zenhei", "PingFang", "msyh")
"""How the files of fonts with Chinese and Japanese are called, the best first. Any other is better than none."""


def axes(ax: Any, size: tuple[float, float]) -> Any:
    """`ax`, or the Axes of a new figure of that size in inches, which a notebook shows by itself."""
    if axes_or_none("ax", ax) is not None:
        return ax
    import matplotlib.pyplot as plt
    return plt.subplots(figsize=size, layout="constrained")[1]


def label_text(name: Any) -> str:
    """Text as it is: no formula between dollars, and no legend entry hidden by an underscore.

    >>> label_text("a$b$"), label_text(3)
    ('a\\\\$b\\\\$', '3')
    """
    text = clean(str(name)).replace("$", r"\$")
    return "\u200b" + text if text.startswith("_") else text


def with_font(figure: Any) -> None:
    """Give the texts of a figure that hold Chinese or Japanese a font that has it, if one is installed."""
    from matplotlib.text import Text
    for text in figure.findobj(Text):
        if any(ord(c) > 0x2e7f for c in text.get_text()) and (font := _cjk_font()):
            text.set_fontfamily([*text.get_fontfamily(), font])


@cache
def _cjk_font() -> str | None:
    """The name of such a font. Files are looked for, since matplotlib's list of fonts may be older than they are.

    Where none of the names is found, any file with the sign for "sign" will do.
    """
    from matplotlib import font_manager, ft2font

    from ..render.fonts import has_char
    files = sorted(font_manager.findSystemFonts())
    called = ([path for path in files if name.lower() in path.lower().replace(" ", "")] for name in _CJK)
    found = next(filter(None, called), None) or [path for path in files if has_char(path, "\u5b57")][:1]
    for path in found:                               # the weights of one family
        font_manager.fontManager.addfont(path)
    return str(ft2font.FT2Font(found[0]).family_name) if found else None
