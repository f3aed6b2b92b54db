"""Text of a user, such as a name, as it can be shown anywhere: in one line, and in HTML."""

from __future__ import annotations

import html

# Marks that turn the direction of what follows, so that it would read as another text; and no characters at all.
_UNSHOWN = frozenset([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFFFE, 0xFFFF])


def one_line(text: str) -> str:
    """Text without line breaks, control characters and marks that turn the direction of what follows.

    >>> one_line("a\\nb\\x00")
    'a⏎b␀'
    """
    if text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def clean(text: str) -> str:
    """Text of any number of lines, each as one_line() has it: what XML can hold."""
    return "\n".join(map(one_line, text.split("\n")))


def escape_html(text: str) -> str:
    """Text for HTML and XML, between tags and in attributes.

    >>> escape_html('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(clean(text))


def _shown(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return {"\n": "⏎", "\t": " "}.get(char) or chr(0x2400 + code)
    if code in (0x2028, 0x2029):
        return "⏎"
    return "\ufffd" if 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or code in _UNSHOWN else char
