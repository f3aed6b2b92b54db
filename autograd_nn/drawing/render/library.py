"""The layout library inside pygraphviz. It looks up its fonts once, at the first picture, and that is noisy.

The fontconfig in pygraphviz's wheels reads whatever configuration the system has, and complains on the process's
standard error about what is newer than itself. A reader of a notebook can do nothing about that, so these lines are
left out. Where the system has no configuration, fonts would not be found: the library gets one from here.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SYSTEM = Path("/etc/fonts/fonts.conf")
_once = threading.RLock()


def drawn_by_library(source: str, format: str) -> bytes:
    """The picture of a DOT text by the library's `dot`.

    Raises ImportError where pygraphviz is not installed or does not load, and ValueError where it fails.
    """
    with _once:
        _look_up_fonts()
    return _drawn(source, format)


def _drawn(source: str, format: str) -> bytes:
    import pygraphviz

    with contextlib.closing(pygraphviz.AGraph(string=source)) as graph:
        return graph.draw(format=format, prog="dot")  # type: ignore[no-any-return]


@cache
def _look_up_fonts() -> None:
    with _configured(), _without_complaints():
        _drawn("digraph { a }", "svg")


@contextlib.contextmanager
def _configured() -> Iterator[None]:
    """On Linux, where neither the user nor the system says where fonts are: a configuration that does."""
    said = any(name.startswith("FONTCONFIG_") for name in os.environ)
    if said or SYSTEM.exists() or not sys.platform.startswith("linux"):
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fonts.conf")
        path.write_text(configuration(), "utf-8")
        os.environ["FONTCONFIG_FILE"] = str(path)
        try:
            yield
        finally:
            del os.environ["FONTCONFIG_FILE"]


def configuration() -> str:
    """The usual folders of fonts, and the one of matplotlib: with its DejaVu Sans some letters are always there."""
    matplotlib = importlib.util.find_spec("matplotlib")
    assert matplotlib is not None and matplotlib.origin is not None, "matplotlib is among the dependencies"
    own = Path(matplotlib.origin).with_name("mpl-data") / "fonts" / "ttf"
    return f"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir> <dir>/usr/local/share/fonts</dir> <dir prefix="xdg">fonts</dir> <dir>~/.fonts</dir>
  <dir>{own}</dir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


@contextlib.contextmanager
def _without_complaints() -> Iterator[None]:
    """What is written to the process's standard error meanwhile comes after it, without the lines of fontconfig."""
    try:
        error = os.dup(2)
    except OSError:                                      # a process without one, such as a service
        yield
        return
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(error, 2)
            os.close(error)
            kept.seek(0)
            for line in kept:
                if not line.startswith(b"Fontconfig "):
                    os.write(2, line)
