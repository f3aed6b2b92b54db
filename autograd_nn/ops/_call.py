"""Splits the arguments of a call of an op into inputs and parameters, fills in defaults, and finds the variant."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UsageError
from ._no_nodes import OPTIONS, refuse_nodes
from ._refusal import shown_in_error

if TYPE_CHECKING:
    from ._op import Op


def variant_of(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> tuple[Op, tuple[Any, ...], dict[str, Any]]:
    """The op that the keywords choose (see `variants` of Op), and the arguments without them."""
    params = dict(params) if op.variants else params
    for keyword, ops in op.variants.items():
        given = params.pop(keyword, next(iter(ops)))
        if not isinstance(given, str) or given not in ops:
            raise UsageError(f"{op.name}: {keyword} is {' or '.join(map(repr, ops))}, not {shown_in_error(given)}")
        op = ops[given] or op
    return op, args, params


def op_inputs_and_params(op: Op, args: tuple[Any, ...], params: dict[str, Any]
                         ) -> tuple[Op, tuple[Any, ...], dict[str, Any], bool]:
    """The op or the variant that is meant, its inputs, every parameter (as given, else its default), and whether one
    of these differs from lane to lane.
    """
    if op.variants:
        op, args, params = variant_of(op, args, params)
    own = False
    if op.arity < 0:
        if not args or not (isinstance(args[0], (list, tuple)) or getattr(args[0], "shape", None)):
            raise UsageError(f"{op.name}: the first argument is a sequence of arrays, "
                             f"as in {op.name}([a, b])")
        inputs, rest = tuple(args[0]), args[1:]
        if not inputs:
            raise UsageError(f"{op.name}: needs at least one array, got an empty sequence")
    else:
        inputs, rest = args[:op.arity], args[op.arity:]
    if len(rest) == len(op.params) + 1 and rest[-1] is None:
        rest = rest[:-1]                             # NumPy's out, which is nothing
    if op.arity > len(inputs) or len(rest) > len(op.params):
        takes = f"{op.arity} input{'s' * (op.arity != 1)}"
        takes += "".join(f", {k}={v!r}" for k, v in op.params.items())
        raise UsageError(f"{op.name} takes {takes}; {len(args)} arguments were given")
    full = {**op.params, **dict(zip(op.params, rest)), **params} if rest else {**op.params, **params}
    for x in (*rest, *params.values()):
        if type(x) not in OPTIONS:
            own = refuse_nodes(op.name, x) or own
    if len(full) > len(op.params):
        from ._arguments import no_out
        no_out(op.name, full.pop("out", None))
        extra = ", ".join(sorted(set(full) - set(op.params)))
        known = ", ".join(op.params) or "none"
        if extra:
            raise UsageError(f"{op.name}: unknown parameter {extra} (its parameters: {known})")
    if op.scalar is not None and op.is_own:
        for name, x in full.items():
            if type(x) is not float and isinstance(op.params[name], float):
                full[name] = _number(op, name, x)
    return op, inputs, full, own


def _number(op: Op, name: str, x: Any) -> float:
    """A parameter that is one real number, as Python's float: NumPy's would make a float32 array float64."""
    x = x[()] if isinstance(x, np.ndarray) and not x.shape else x
    try:
        if isinstance(x, Real):
            return float(x)
    except (OverflowError, ValueError, TypeError):
        pass
    raise UsageError(f"{op.name}: {name} is one real number, not {shown_in_error(x)}")
