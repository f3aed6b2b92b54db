"""Whether the characters of a picture have a font here: PNG and PDF would show boxes where they have none."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from functools import cache

from ...errors import FontWarning
from .text import columns

SAMPLE = 16
"""So many different characters of a picture are looked up."""


def warn_of_boxes(text: str, format: str) -> None:
    """One FontWarning if wide characters of the text (Chinese, Japanese, Korean, emoji) have no font here."""
    wide = sorted({c for c in text if columns(c) == 2})
    step = max(1, len(wide) // SAMPLE)
    missing = [c for c in wide[::step][:SAMPLE] if not has_font(c)]
    if missing:
        warnings.warn(f"no font here has {' '.join(missing)}, so this {format.upper()} shows boxes instead\n"
                      "  help: install Noto Sans CJK (or Noto Color Emoji), or save SVG, whose font is the reader's",
                      FontWarning, stacklevel=2)


@cache
def has_font(char: str) -> bool:
    """Whether a font of this machine has a character: as fontconfig says, else by looking into the font files."""
    if shutil.which("fc-list"):
        found = subprocess.run(["fc-list", f":charset={ord(char):x}", "family"], capture_output=True, check=False)
        if found.returncode == 0:
            return bool(found.stdout.strip())
    from matplotlib.font_manager import findSystemFonts

    return any(has_char(path, char) for path in findSystemFonts())


def has_char(path: str, char: str) -> bool:
    """Whether a file is a font with that character."""
    from matplotlib.ft2font import FT2Font

    try:
        return bool(FT2Font(path).get_char_index(ord(char)))
    except (OSError, RuntimeError):                      # a file that is no font that FreeType reads
        return False
