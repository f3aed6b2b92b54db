"""Which framework a function is written in: by what it is given, by what it refers to, by what it returns."""

from __future__ import annotations

import dis
import functools
import inspect
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .. import tree
from ..core.node import Node
from ..tree._structure import Constant

OWN = "autograd_nn"
HOMES = {"torch": "torch", "jax": "jax", "jaxlib": "jax", "autograd": "autograd", OWN: OWN}
# What these refer to says nothing: they take the arrays of many frameworks.
NEUTRAL = {"numpy", "scipy", "sklearn", "pandas", "matplotlib", "hypothesis", "pytest", "_pytest"}
# A function with these may use what it does not name.
DYNAMIC = {"getattr", "eval", "exec", "globals", "__import__", "import_module", "modules"}
MOST = 5000                      # objects that are looked at
FIRST = 100                      # of those in a list


@dataclass
class Mentions:
    """The frameworks that a function refers to, the nearest first, each with the name that gave it away.

    hidden  what could not be looked into
    """

    of: dict[str, str] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)

    @property
    def foreign(self) -> list[str]:
        """All but this package."""
        return [framework for framework in self.of if framework != OWN]


def framework_of_things(things: Sequence[Any]) -> str | None:
    """The framework that arrays among inputs, parameters or outputs are of; None if all are plain numbers and arrays.

    >>> framework_of_things([1.0, [2.0]]) is None
    True
    """
    plain, structure = tree.flatten(list(things))
    for x in (e.value for e in structure.entries if isinstance(e, Constant)):
        home = _home(type(x).__module__)
        if home not in (None, OWN, "autograd"):
            return home
    return OWN if any(isinstance(x, Node) for x in plain) else None


def by_function(f: Callable[..., Any]) -> tuple[str, str]:
    """(the framework of a function of plain numbers and arrays, how that was found)."""
    found = mentions(f)
    if found.foreign and OWN not in found.of:
        name = found.foreign[0]
        return name, f"the gradient is that of {name}: the function refers to {found.of[name]}"
    if found.foreign:
        name = found.foreign[0]
        return OWN, (f"the gradient is that of {OWN}; the function refers to {found.of[name]}, too: "
                     f"framework={name!r} checks that one's")
    if found.of or not found.hidden:
        return OWN, ""
    return OWN, (f"the gradient is that of {OWN}: no framework was found in the function, which uses "
                 f"{found.hidden[0]}; framework= names one")


def mentions(f: Callable[..., Any]) -> Mentions:
    """The frameworks that f refers to: in its globals, its closure, its imports, and in the functions that it calls."""
    found, seen = Mentions(), dict[int, Any]()           # kept, so that no id is given to another
    queue: deque[tuple[Any, str, frozenset[str]]] = deque([(f, "", frozenset())])
    while queue and len(seen) < MOST:
        x, name, names = queue.popleft()
        if id(x) in seen or isinstance(x, (str, bytes, int, float, complex, type(None))):
            continue
        seen[id(x)] = x
        for module in _modules(x):
            home = _home(module)
            # A function of this package that was made of another (a wrapper) is looked through.
            if home is not None and (name or home != OWN):
                found.of.setdefault(home, x.__name__ if isinstance(x, types.ModuleType) else name or module)
            if home is not None or (_neutral(module) and name):
                queue.extend((part, "", names) for part in _closure(x))
                break
        else:
            parts = list(_parts(x, names))
            code = getattr(x, "__code__", None)
            if code is not None:
                found.hidden += sorted(DYNAMIC & _names(code)[0])
            elif _compiled(x):
                found.hidden.append(name or getattr(x, "__name__", type(x).__name__))
            queue.extend(parts)
    return found


def _home(module: str | None) -> str | None:
    return HOMES.get((module or "").partition(".")[0])


def _neutral(module: str) -> bool:
    return module.partition(".")[0] in NEUTRAL | sys.stdlib_module_names


def _compiled(x: Any) -> bool:
    """Whether a function has no Python code, and is not one that is known to be neutral."""
    if not callable(x) or isinstance(x, (type, types.MethodType, functools.partial)) or hasattr(x, "__wrapped__"):
        return False
    return not hasattr(type(x).__call__, "__code__") and not any(map(_neutral, _modules(x)))


def _modules(x: Any) -> list[str]:
    """The names of the modules that an object, its class and its code are from."""
    if isinstance(x, types.ModuleType):
        return [x.__name__]
    kinds = x.__mro__ if isinstance(x, type) else type(x).__mro__
    home = getattr(x, "__globals__", None)
    names: list[Any] = [*(kind.__module__ for kind in kinds if kind.__module__ != "builtins"),
                        home.get("__name__") if isinstance(home, dict) else None, getattr(x, "__module__", None)]
    return [name for name in names if isinstance(name, str) and name != "functools"]


def _closure(x: Any) -> Iterator[Any]:
    for cell in getattr(x, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:                           # not filled yet
            continue


def _parts(x: Any, names: frozenset[str]) -> Iterator[tuple[Any, str, frozenset[str]]]:
    """What an object refers to, as (object, name, the names that its user knows)."""
    if isinstance(x, types.ModuleType):
        for name in names:
            if name in vars(x):
                yield vars(x)[name], f"{x.__name__}.{name}", names
        return
    if isinstance(x, functools.partial):
        for part in (x.func, *x.args, *x.keywords.values()):
            yield part, type(part).__name__, names
        return
    if isinstance(x, types.MethodType):
        yield from ((x.__func__, x.__name__, names), (x.__self__, type(x.__self__).__name__, names))
        return
    code = getattr(x, "__code__", None)
    if isinstance(code, types.CodeType):
        yield from _of_function(x, code)
    elif isinstance(x, type):
        for kind in x.__mro__[:-1]:
            for name, part in vars(kind).items():
                yield getattr(part, "__func__", part), f"{kind.__name__}.{name}", names
    elif isinstance(x, (list, tuple, set, frozenset, dict)):
        for part in islice(x.values() if isinstance(x, dict) else x, FIRST):
            yield part, type(part).__name__, names
    elif type(x).__module__ != "builtins" and not _neutral(type(x).__module__):
        yield type(x), type(x).__name__, names
        for name, part in getattr(x, "__dict__", {}).items():
            yield part, f"{type(x).__name__}.{name}", names
    if wrapped := inspect.getattr_static(x, "__wrapped__", None):
        yield wrapped, getattr(wrapped, "__name__", ""), names


def _of_function(f: Any, code: types.CodeType) -> Iterator[tuple[Any, str, frozenset[str]]]:
    names, read, imported = _names(code)
    known = frozenset(names)
    for name in imported:
        yield sys.modules.get(name) or types.ModuleType(name), name, known
    for name in sorted(read & set(f.__globals__)):
        yield f.__globals__[name], name, known
    for name, cell in zip(code.co_freevars, f.__closure__ or ()):
        try:
            yield cell.cell_contents, name, known
        except ValueError:                           # not filled yet
            continue
    for part in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
        yield part, type(part).__name__, known


def _names(code: types.CodeType) -> tuple[set[str], set[str], list[str]]:
    """(the names that code uses, attributes too; those of variables alone; the modules that it imports).

    With those of functions inside it.
    """
    names, read, imported, codes = set[str](), set[str](), [], [code]
    for part in codes:
        names.update(part.co_names)
        for step in dis.get_instructions(part):
            if step.opname == "IMPORT_NAME":
                imported.append(step.argval)
            elif step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                read.add(step.argval)
        codes += [c for c in part.co_consts if isinstance(c, types.CodeType)]
    return names, read, imported
