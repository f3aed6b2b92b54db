"""What a machine may lack, what is expected without it, and how to hide it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograd_nn.drawing.render import library
from autograd_nn.drawing.render.fonts import has_font

try:
    import pygraphviz
except ImportError:
    pygraphviz = None

needs_library = pytest.mark.skipif(pygraphviz is None, reason="pygraphviz is not installed, or does not load")
needs_engine = pytest.mark.skipif(pygraphviz is None and shutil.which("dot") is None,
                                  reason="Graphviz is not installed, nor pygraphviz")


@contextlib.contextmanager
def boxes(text: str, warning: str) -> Iterator[None]:
    """Pictures with this text are made: silently where a font here has it, and elsewhere with a warning of boxes."""
    if all(map(has_font, text)):
        yield
    else:
        with pytest.warns(UserWarning, match=warning):
            yield


HIDDEN = {"chromium", "chromium-browser", "google-chrome", "dot", "fc-list"}


def hide_from_all(folder: Path) -> None:
    """Imitate an empty machine for this process and its children: no browser, no Graphviz, no font but matplotlib's.

    The folder, which is empty and stays, becomes the PATH: it holds links to all programs but the HIDDEN ones.
    """
    programs = folder / "programs"
    programs.mkdir()
    for place in filter(os.path.isdir, os.get_exec_path()):
        for name in set(os.listdir(place)) - HIDDEN - set(os.listdir(programs)):
            (programs / name).symlink_to(Path(place, name).absolute())
    fonts = folder / "fonts.conf"
    fonts.write_text(library.configuration().replace("<dir>/usr", f"<dir>{folder}"), "utf-8")
    os.environ |= {"PATH": str(programs), "FONTCONFIG_FILE": str(fonts), "HOME": str(folder)}


def hide_from_matplotlib() -> None:
    """Leave matplotlib its own fonts. It knows the folders of the system by heart, so each process must do this."""
    from matplotlib import font_manager, get_data_path
    font_manager.X11FontDirectories.clear()
    known = font_manager.fontManager.ttflist
    known[:] = [font for font in known if font.fname.startswith(get_data_path())]
