"""Which names a line of a program assigns to, read from its source."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from threading import RLock
from typing import Any

Targets = tuple[ast.expr, ...]

_one_at_a_time = RLock()
"""Python's parser counts its depth for all threads together, and raises SystemError where two of them parse at once."""


_read: dict[str, tuple[list[str], dict[int, Targets]]] = {}
"""File -> its lines as they were read, and the targets at each."""


def targets_at(file: str, line: int) -> Targets:
    """What the innermost statement at this line assigns to; nothing where the source cannot be had."""
    lines = linecache.getlines(file)                 # the same list each time, until the file is read anew
    if not lines:
        return ()
    known = _read.get(file)
    if known is None or known[0] is not lines:
        known = _read[file] = lines, _targets("".join(lines))
    return known[1].get(line, ())


def _targets(source: str) -> dict[int, Targets]:
    """Line -> targets of the statement that it belongs to."""
    try:
        with _one_at_a_time:
            tree = ast.parse(source)
    except SyntaxError:                              # such as a cell with %magic
        return {}
    found: dict[int, Targets] = {}
    for node in ast.walk(tree):                      # inner statements come after outer ones
        if not isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return)):
            continue
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets += node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets.append(node.target)
        targets += [part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]
        plain = tuple(part for target in targets for part in _plain(target))
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            found[line] = (*found.get(line, ()), *plain)
    return found


def _plain(target: ast.expr) -> Iterator[ast.expr]:
    """The single targets of `a, (b, *c) = ...`, left to right."""
    stack = [target]
    while stack:
        part = stack.pop()
        if isinstance(part, (ast.Tuple, ast.List)):
            stack.extend(reversed(part.elts))
        elif isinstance(part, ast.Starred):
            stack.append(part.value)
        else:
            yield part


MISSING: Any = object()


def index_variables(targets: Targets, names: dict[str, Any]) -> dict[str, Any]:
    """The variables that stand as an index in targets: a loop has changed them when one looks again."""
    used = (part.slice.id for target in targets for part in ast.walk(target)
            if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Name))
    return {name: names[name] for name in used if name in names}


def looked_up(target: ast.expr, names: dict[str, Any], at: dict[str, Any]) -> tuple[str, Any]:
    """How a target is written, and what it is bound to (MISSING if nothing): no code of the program is run.

    Names, attributes of plain objects, and elements of lists and dicts whose index is a constant or a name; `at`
    says what those names were.

    >>> looked_up(ast.parse("rows[i]").body[0].value, {"rows": [10, 20]}, {"i": 1})
    ('rows[1]', 20)
    """
    steps: list[ast.expr] = []
    base = target
    while isinstance(base, (ast.Attribute, ast.Subscript)):
        steps.append(base)
        base = base.value
    if not isinstance(base, ast.Name) or base.id not in names:
        return "", MISSING
    text, thing = base.id, names[base.id]
    for step in reversed(steps):
        if isinstance(step, ast.Attribute):
            text, thing = f"{text}.{step.attr}", getattr(thing, "__dict__", {}).get(step.attr, MISSING)
            continue
        assert isinstance(step, ast.Subscript)
        index = step.slice.value if isinstance(step.slice, ast.Constant) else \
            at.get(step.slice.id, MISSING) if isinstance(step.slice, ast.Name) else MISSING
        if type(index) not in (int, str) or type(thing) not in (list, dict):
            return "", MISSING
        try:
            text, thing = f"{text}[{index!r}]", thing[index]
        except (KeyError, IndexError):
            return "", MISSING
    return text.removeprefix("self."), thing
