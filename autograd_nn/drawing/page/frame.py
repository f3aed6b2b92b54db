"""The frame of a page: one HTML file with data, script and style in it, which asks nobody for anything.

They are in it as gzip in base64, which no name can break out of, and which makes a large page five times smaller;
`unpack.js`, the only script in clear, takes them out. What it then puts into the page is let through by its hash
(Content-Security-Policy), and nothing else is.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from ...core.escaping import escape_html, one_line


def framed(body: str, data: Any, *, title: str, lang: str, scripts: Sequence[str], styles: Sequence[str]) -> str:
    """The whole file, the same bytes for the same arguments.

    body     HTML; the title stands in its <h1></h1>
    data     plain JSON, without nan and inf
    scripts, styles   names of files in this folder, one after another
    """
    shown = escape_html(one_line(title))
    unpack = _bare("unpack.js")
    script = '(() => {"use strict";\n' + "\n".join(_bare(f"{name}.js") for name in scripts) + "\n})();"
    style = "\n".join(_bare(f"{name}.css") for name in styles)
    policy = (f"default-src 'none'; script-src '{_hash(unpack)}' '{_hash(script)}'; style-src '{_hash(style)}'; "
              "base-uri 'none'; form-action 'none'")
    packed = (("data", json.dumps(data, allow_nan=False, separators=(",", ":"))), ("style", style), ("script", script))
    return "\n".join([
        f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{shown}</title>',
        "<!-- Script and style in clear, with comments: autograd_nn/drawing/page/*.js, *.css -->",
        f'</head><body>{body.replace("<h1></h1>", f"<h1>{shown}</h1>")}',
        *(f'<script type="application/gzip" id="{name}">{_packed(content)}</script>' for name, content in packed),
        f'<script>{unpack}</script></body></html>\n'])


@cache
def _bare(name: str) -> str:
    """A file of this folder without indentation, empty lines and lines of comment."""
    source = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
