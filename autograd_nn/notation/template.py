r"""Reads templates, as `{0} + {1}` or `\sin {0}`: how tightly they hold together, and what they ask of each operand.

An op says only how it is written. Which operands need brackets there, and where the whole needs them, follows
from the signs in the template and from their usual precedence. A sign that has none, such as `{0} \circ {1}`,
is bracketed within everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from string import Formatter
from typing import NamedTuple

from ..ops._level import Level

LOOSE, SUM, TIMES, PRODUCT, PREFIX, POWER, ATOM = Level


class Sign(NamedTuple):
    """How tightly a sign binds, and what it asks of the operand on its left and on its right."""

    level: Level
    left: Level
    right: Level


UNKNOWN, BESIDE = Sign(LOOSE, POWER, POWER), Sign(PRODUCT, PRODUCT, PRODUCT)
COMPARED = dict.fromkeys(("=", ">", "<", "≥", "≤", r"\geq", r"\leq"), Sign(LOOSE, SUM, SUM))


@dataclass(frozen=True)
class Grammar:
    """The signs of a notation: those between two operands, a minus before one, and those that raise or lower."""

    infix: Mapping[str, Sign]
    minus: Sign = UNKNOWN
    scripts: str = ""

    __hash__ = object.__hash__


class Slot(NamedTuple):
    """The place of an operand: `asks` is the level below which it needs brackets.

    followed    a factor follows, which a bare argument of a function (sin x) would seem to take in
    script      it is raised or lowered
    lowers      an index follows
    """

    key: str
    asks: Level
    followed: bool
    script: bool
    lowers: bool


class Form(NamedTuple):
    """A template that has been read: its text and slots; open where it ends in a bare argument, as `sin x`."""

    parts: tuple[str | Slot, ...]
    level: Level
    open: bool
    keys: frozenset[str]


@dataclass
class _Item:
    """A slot, a group in brackets, a word or a sign; `glued` to what is before it, if no space is between."""

    kind: str
    text: str = ""
    glued: bool = False
    inside: list[_Item] = field(default_factory=list)
    asks: Level = LOOSE
    followed: bool = False
    script: bool = False
    lowers: bool = False
    raised: Level = ATOM

    @property
    def is_operand(self) -> bool:
        return self.kind != "mark"

    @property
    def may_be_a_function(self) -> bool:
        return self.kind == "word" and not self.text[0].isdigit()


_TOKEN = re.compile(r"\\(?:left|right)(?![a-zA-Z])\s*(?:\\[a-zA-Z]+|\\?.)|\\(?:begin|end)\{\w+\}|\\[a-zA-Z]+|\\."
                    r"|\s+|\d+(?:\.\d+)?|[^\W\d_]\w*(?<!_)|\*\*|//|[<>=!]=|.", re.S)
_OPEN = re.compile(r"\\left(?![a-z])|\\begin|\\\|$|\\l(?:floor|ceil)$|[(\[{⌊⌈|‖]$")
_CLOSE = re.compile(r"\\right(?![a-z])|\\end|\\r(?:floor|ceil)$|[)\]}⌋⌉]$")
_SEPARATOR = (",", ";", "&", r"\\")
_SPACES = (r"\;", r"\:", r"\!", r"\ ", "~")
_FRACTIONS = (r"\frac", r"\tfrac", r"\dfrac")


@lru_cache(maxsize=1024)
def form_of(template: str, grammar: Grammar) -> Form:
    """What a template says of brackets.

    >>> form = form_of("{0} - {1}", Grammar({"-": Sign(SUM, SUM, TIMES)}))
    >>> form.level.name, [slot.asks.name for slot in form.parts if isinstance(slot, Slot)]
    ('SUM', ['SUM', 'TIMES'])
    """
    tokens: list[_Item] = []
    parts: list[str | _Item] = []
    glued = True
    for literal, key, _, _ in Formatter().parse(template):
        for text in _TOKEN.findall(literal):
            space = text.isspace() or text in _SPACES
            if not space:
                word = re.match(r"\\?[^\W_]", text) and text not in grammar.infix
                tokens.append(_Item("word" if word else "mark", text, glued))
            glued = not space
        if literal:
            parts.append(literal)
        if key is not None:
            tokens.append(_Item("slot", key, glued))
            parts.append(tokens[-1])
            glued = True
    level, is_open = _read(_grouped(iter(tokens), None, grammar), grammar)
    slots = tuple(part if isinstance(part, str) else
                  Slot(part.text, part.asks, part.followed, part.script, part.lowers) for part in parts)
    return Form(slots, level, is_open, frozenset(part.key for part in slots if isinstance(part, Slot)))


def _grouped(tokens: Iterator[_Item], opened: str | None, grammar: Grammar) -> list[_Item]:
    """The items up to the bracket that closes, with everything in brackets as one item."""
    items: list[_Item] = []
    for item in tokens:
        if item.kind == "slot" or not (item.text == opened or _OPEN.match(item.text) or _CLOSE.match(item.text)):
            items.append(item)
        elif _CLOSE.match(item.text) or item.text == opened:      # of | and ‖ the second one closes
            break
        else:
            item.kind, item.inside = "group", _grouped(tokens, item.text, grammar)
            last = items[-1] if items else None
            if item.text == "{" and not (last and item.glued and last.text[0] in "\\" + grammar.scripts):
                items += item.inside                              # braces that only hold together in LaTeX's source
            elif last and last.text[0] == "\\" and last.kind in ("word", "call") and item.glued and item.text in "{[":
                last.kind = "call" if _holds_slot([item]) or last.kind == "call" else "word"     # \frac{}{}, \sqrt[3]{}
                last.raised = POWER if last.text in _FRACTIONS else ATOM
                _read(item.inside, grammar)
            else:
                items.append(item)
    return items


def _holds_slot(items: list[_Item]) -> bool:
    return any(item.kind == "slot" or _holds_slot(item.inside) for item in items)


def _read(items: list[_Item], grammar: Grammar) -> tuple[Level, bool]:
    """How tightly items hold together, and whether they are open; says to the slots in them what is asked of them."""
    segments: list[list[_Item]] = [[]]
    for item in items:
        if item.text in _SEPARATOR:
            segments.append([])
        else:
            segments[-1].append(item)
    found = [_read_segment(_with_scripts(segment, grammar), grammar) for segment in segments if segment]
    return found[0] if len(found) == 1 else (LOOSE, False)


def _with_scripts(items: list[_Item], grammar: Grammar) -> list[_Item]:
    """The items without what is raised or lowered, which is noted in what it belongs to."""
    kept: list[_Item] = []
    script = ""
    for item in items:
        if script:
            if item.kind == "group":
                _read(item.inside, grammar)
            item.script, item.asks = True, ATOM
            if kept:
                _tighten(kept[-1], ATOM)
                kept[-1].raised = min(kept[-1].raised, POWER if script == "^" else ATOM)
                kept[-1].lowers |= script == "_"
            script = ""
        elif item.kind == "mark" and item.text in tuple(grammar.scripts):
            script = item.text
        elif item.kind == "mark" and item.text == "'" and kept:
            _tighten(kept[-1], ATOM)
        else:
            kept.append(item)
    return kept


def _tighten(item: _Item, asks: Level, followed: bool = False) -> None:
    item.asks, item.followed = max(item.asks, asks), item.followed or followed


def _read_segment(items: list[_Item], grammar: Grammar) -> tuple[Level, bool]:
    level, asks, is_open = ATOM, LOOSE, False
    last: _Item | None = None                        # the operand that is complete, if one is
    for item, after in zip(items, [*items[1:], None]):
        leads = after is not None and (after.is_operand or last is None)
        if last is not None:
            if item.kind == "mark" and after is not None and not (item.glued and not after.glued and not leads):
                sign = grammar.infix.get(item.text, UNKNOWN)
            elif item.kind == "mark" or (item.glued and not leads) or (item.glued and item.kind == "group"):
                _tighten(last, ATOM)                 # x!, x′, x[i]
                level = min(level, ATOM if item.kind == "group" else POWER)
                if item.kind == "group":
                    _read(item.inside, grammar)
                continue
            else:
                sign = UNKNOWN if item.may_be_a_function and leads else BESIDE
            _tighten(last, sign.left, sign.left > SUM)
            level, asks, is_open, last = min(level, sign.level), sign.right, False, None
            if sign is not BESIDE:
                continue
        if item.kind == "mark":
            sign = grammar.minus if item.text in "-−" else Sign(PREFIX, PREFIX, PREFIX)
            level, asks = min(level, sign.level), sign.right
        elif item.may_be_a_function and after is not None and after.is_operand \
                and not (after.glued and after.kind == "group" and after.text == "("):
            level, asks, is_open = min(level, PREFIX), PREFIX, True
        else:
            if item.kind == "group":
                _read(item.inside, grammar)
            _tighten(item, asks)
            level, last = min(level, item.raised), item
    return level, is_open
