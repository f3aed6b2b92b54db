"""Forward mode: Jacobian-vector products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import tree
from ..core.batched import Batched, batch
from ..core.modes import mode
from ..core.node import Node
from ..core.times import begin
from ..core.variables import active
from ..errors import UsageError
from ..ops import shape_of
from . import _ops_on_duals  # noqa: F401  (with it a Dual is something that ops take)
from ._calculus import (
    Arguments,
    Function,
    check_function,
    check_tangents,
    pushed,
    stripped,
    with_aux,
)
from ._elsewhere import depending, depends_on_elsewhere
from .dual import Dual, alive, nodes_in


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> tuple[Any, ...]:
    """`(f(*primals), tangent)`: the derivative of f along `tangents`, by forward mode.

    The tangents are nested as the primals are; that of a Module is a dict {name of the parameter:
    tangent}. f may return any nest. With has_aux f returns (value, aux), and the result is
    `(value, tangent, aux)`. Raises ShapeError where a tangent has another shape than its primal.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    check_function("jvp", f)
    if not isinstance(primals, (list, tuple)) or not isinstance(tangents, (list, tuple)) \
            or len(primals) != len(tangents):
        raise UsageError("jvp: primals and tangents are tuples of the same length, one entry for each argument")
    arguments = Arguments("jvp", tuple(primals), range(len(primals)))
    given = [t for s, tangent in zip(arguments.structures, tangents) for t in s.match(tangent, "jvp: the tangent")]
    given = check_tangents("jvp", arguments.leaves, given, ("a primal", "tangent"))
    began = begin()
    y, copies, level = pushed(f, arguments, given)
    y, aux = with_aux("jvp", y) if has_aux else (y, None)
    given += arguments.leaves
    ys, structure = tree.flatten(y)
    for made in copies:
        made.carry_back(lambda leaves: handed_out([primal_of(x, level) for x in leaves], given, began))
    value = structure.rebuild(handed_out([primal_of(x, level) for x in ys], given, began))
    tangent = structure.results(handed_out([tangent_of(x, level) for x in ys], given, began))
    if not has_aux:
        return value, tangent
    extra, aux_structure = tree.flatten(aux)
    return value, tangent, aux_structure.rebuild(handed_out([primal_of(x, level) for x in extra], given, began))


def primal_of(y: Any, level: int) -> Any:
    """y without its tangent of this level."""
    if isinstance(y, Batched):
        return batch(primal_of(y._below, level), y.level)
    return y.primal if isinstance(y, Dual) and y.level == level else y


def tangent_of(y: Any, level: int) -> Any:
    """The tangent of this level; zeros for what has none."""
    if isinstance(y, Batched):
        return batch(tangent_of(y._below, level), y.level)
    if isinstance(y, Dual) and y.level == level:
        return y.tangent
    return np.zeros(shape_of(y), y.dtype)[()] if hasattr(y, "dtype") and not isinstance(y, float) else 0.0


def handed_out(results: Sequence[Any], given: Sequence[Any], since: int) -> list[Any]:
    """Results for the caller: nodes only where f closes over one (or was `given` one), and not under no_grad()."""
    results = [alive(x) for x in results]
    if not active.calls and any(isinstance(x, (Node, Dual, Batched)) for x in results):
        known = {*nodes_in(given)}
        keep = depending(results, known, lambda x: x in known or depends_on_elsewhere(x),
                         since) if mode.recording else ()
        results = [stripped(x, keep) for x in results]
    elif not mode.recording:
        results = [stripped(x, ()) for x in results]
    return [_own(x, given) if isinstance(x, np.ndarray) else x for x in results]


def _own(x: Any, given: Sequence[Any]) -> Any:
    """An array that is no view of another one, and none of the caller's; a number for one of shape ()."""
    if not x.shape:
        return x[()]
    return x.copy() if x.base is not None or any(x is other for other in given) else x
