"""DOT -> SVG, PNG and PDF: by `dot` if it is on the PATH, else by the library inside pygraphviz."""

from __future__ import annotations

import re
import shutil

from ...errors import RenderError
from . import library
from .fonts import warn_of_boxes
from .palette import style


class NoEngineError(RenderError):
    """No layout engine is here."""


NO_ENGINE = ("no layout engine for pictures is installed: `pip install pygraphviz`, or install Graphviz so that "
             "`dot` is on the PATH (SVG, HTML, TeX, Mermaid, DOT and text need none)")
DOTS_PER_INCH = 192
"""Of PNG pictures: sharp on screens with two device pixels per pixel."""


def render(source: str, format: str) -> bytes:
    """The picture of a DOT text in a format: "svg", "png" or "pdf".

    Warns (FontWarning) of a PNG or PDF with characters that no font here has. Raises RenderError where
    no layout engine is installed, or where it fails.
    """
    if format == "png":
        source = source.replace("{\n", f"{{\n\tdpi={DOTS_PER_INCH}\n", 1)
    if format != "svg":
        warn_of_boxes(source, format)
    picture = _by_dot(source, format) if shutil.which("dot") else _by_library(source, format)
    return _finished(picture) if format == "svg" else picture


def _by_dot(source: str, format: str) -> bytes:
    import graphviz

    try:
        return graphviz.pipe("dot", format, source.encode())  # type: ignore[no-any-return]
    except graphviz.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip()
        raise RenderError(f"`dot` could not make a {format}: {said or error}") from error


def _by_library(source: str, format: str) -> bytes:
    try:
        return library.draw(source, format)
    except ModuleNotFoundError:
        raise NoEngineError(NO_ENGINE) from None
    except ImportError as error:
        raise NoEngineError(f"pygraphviz is installed but does not load ({error}); {NO_ENGINE}") from error
    except ValueError as error:
        raise RenderError(f"pygraphviz could not make a {format}: {error}") from error


def _finished(svg: bytes) -> bytes:
    """Width and height in the units of the viewBox, and dark colours for readers who prefer them.

    Graphviz writes points, in whole numbers, and some viewers clip.
    """
    def sized(tag: re.Match[bytes]) -> bytes:
        return b'<svg class="autograd-nn" width="%spx" height="%spx"\n viewBox="%s %s %s %s"%s>\n<style>%s</style>' % (
            tag[3], tag[4], *tag.groups(), style("svg.autograd-nn").encode())
    return re.sub(rb'<svg width="[\d.]+pt" height="[\d.]+pt"\s+viewBox="(\S+) (\S+) (\S+) ([^"\s]+)"([^>]*)>', sized,
                  svg, count=1)
