"""A failed check as a test to paste: complete source, with the inputs as literals."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from ..core.node import data_of
from ..ops import Op


def pasted(f: Callable[..., Any], free: dict[str, Any], held: dict[str, Any], options: dict[str, Any]) -> str:
    """The source of a test that checks f at these inputs; `held` are not differentiated.

    >>> def f(x): return x * x
    >>> print(pasted(f, {"x": 2.0}, {}, {"rng": 0}).partition("    x =")[2])
     2.0
        ag.check_gradients(f, x, rng=0)
    <BLANKLINE>
    """
    lines = ["import numpy as np", "import autograd_nn as ag", *_definition(f), ""]
    lines += [f"{name} = {literal(x)}" for name, x in (free | held).items()]
    names, called = ", ".join(free), _called(f)
    if held:
        given = ", ".join(f"{name}={name}" for name in (*free, *held))
        called = f"lambda {names}: {called}({given})"
    chosen = "".join(f", {name}={literal(x)}" for name, x in options.items())
    lines.append(f"ag.check_gradients({called}, {names}{chosen})")
    name = f.__name__ if f.__name__.isidentifier() else "gradient"
    name = f"{name}_found" if name.startswith("test_") else f"test_{name}"
    return f"def {name}():\n" + textwrap.indent("\n".join(lines), "    ") + "\n"


def literal(x: Any) -> str:
    """x as Python source, to the last bit.

    >>> literal(np.array([[0.1, 2.0]], np.float32)), literal([1.5, None])
    ("np.array([[0.10000000149011612, 2.0]], dtype='float32')", '[1.5, None]')
    """
    x = data_of(x)
    if isinstance(x, np.ndarray):
        dtype = "" if x.dtype == np.float64 else f", dtype={x.dtype.name!r}"
        if not x.size:
            return f"np.zeros({x.shape}{dtype})"
        return f"np.array({_finite(x.tolist())}{dtype})"
    if isinstance(x, np.generic):
        return _finite(x.item())
    if isinstance(x, list):
        return f"[{', '.join(map(literal, x))}]"
    if isinstance(x, tuple):
        return f"({''.join(literal(part) + ', ' for part in x).rstrip()})"
    if isinstance(x, dict):
        return f"{{{', '.join(f'{key!r}: {literal(part)}' for key, part in x.items())}}}"
    return _finite(x)


def _finite(x: Any) -> str:
    """repr, with nan and inf by the names that NumPy gives them."""
    if isinstance(x, list):
        return f"[{', '.join(map(_finite, x))}]"
    if isinstance(x, float) and not np.isfinite(x):
        return {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}[repr(x)]
    return repr(x)


def _called(f: Callable[..., Any]) -> str:
    """f as the pasted test calls it; under its own name a module has the decorated test."""
    decorated = _importable(f) and getattr(sys.modules[f.__module__], f.__name__) is not f
    return f"{f.__name__}.function" if decorated else f.__name__


def _importable(thing: Any) -> bool:
    """Whether `from module import name` gives it, or the test made of it."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
    if not module or module == "__main__" or not name.isidentifier():
        return False
    there = getattr(sys.modules.get(module), name, None)
    return there is not None and (there is thing or getattr(there, "function", None) is thing)


def _definition(f: Callable[..., Any]) -> list[str]:
    """f itself: an import, or its source with what that needs."""
    if _importable(f):
        return [f"from {f.__module__} import {f.__name__}"]
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(f)))
        body = tree.body[0]
    except (OSError, SyntaxError, TypeError):
        return [f"{f.__name__} = ...    # its source is not to be found: put the function here"]
    if not isinstance(body, ast.FunctionDef):
        return [f"{f.__name__} = ...    # put the function here"]
    body.decorator_list, body.returns = [], None
    for part in ast.walk(body.args):
        if isinstance(part, ast.arg):
            part.annotation = None
    return [*_needs(f), "", *ast.unparse(body).splitlines()]


def _needs(f: Callable[..., Any]) -> Iterator[str]:
    """Lines that define the names from outside that f's source uses."""
    used = inspect.getclosurevars(f)
    for name, thing in {**used.globals, **used.nonlocals}.items():
        if isinstance(thing, ModuleType):
            if (name, thing.__name__) not in (("np", "numpy"), ("ag", "autograd_nn")):
                yield f"import {thing.__name__} as {name}"
        elif isinstance(thing, (bool, int, float, str, np.ndarray, np.generic)):
            yield f"{name} = {literal(thing)}"
        elif (home := _home(thing)) is not None:
            yield "from {} import {}".format(*home) + (f" as {name}" if home[1] != name else "")
        elif isinstance(thing, Op):
            yield f"{name} = ag.OPS[{thing.name!r}]    # once its definition has run"
        else:
            yield f"{name} = ...    # put its definition here"


def _home(thing: Any) -> tuple[str, str] | None:
    """The module and the name from which it can be imported: the package's own, where that has it."""
    module, name = (thing.module, thing.name) if isinstance(thing, Op) else (
        getattr(thing, "__module__", None), getattr(thing, "__name__", None))
    if isinstance(module, str) and isinstance(name, str) and module != "__main__":
        for home in (module.partition(".")[0], module):
            if getattr(sys.modules.get(home), name, None) is thing:
                return home, name
    return None
