"""Packs what a checkpointed function takes and gives into the inputs and the output of a single node.

A node has numbers and arrays as inputs, and one output. So `taken_apart` splits a Dual into its primal and its tangent
and takes what a Batched holds, and `packed` joins several results to one flat array. `put_together` and `unpacked` undo
that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..core.batched import Batched
from ..core.value import BaseValue, as_value
from ..ops import shape_of
from ..ops._frozen import frozen
from .dual import Dual


def taken_apart(leaves: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """(forms, parts): the leaves, with each Dual and each Batched taken apart, until no part is one of these.

    The form of a leaf says how to put it together again: None for a leaf that is itself a part; for the others their
    class, the forms of what they hold, and their level.
    """
    parts: list[Any] = []
    return [_form(x, parts) for x in leaves], parts


def _form(x: Any, parts: list[Any]) -> Any:
    if isinstance(x, Dual):
        return type(x), _form(x.primal, parts), _form(x.tangent, parts), x.level
    if isinstance(x, Batched):
        return Batched, _form(x._below, parts), x.level
    parts.append(x)
    return None


def put_together(forms: Sequence[Any], parts: Sequence[Any]) -> list[Any]:
    """The leaves that `taken_apart` gave these forms and parts for."""
    rest = iter(parts)
    return [_made(form, rest) for form in forms]


def _made(form: Any, rest: Iterator[Any]) -> Any:
    if form is None:
        return next(rest)
    kind, *inner, level = form
    return kind(*(_made(part, rest) for part in inner), level)


def packed(data: list[Any]) -> Any:
    """A single number or array as it is; several of them as one flat array, one after another."""
    if len(data) == 1:
        return float(data[0]) if isinstance(data[0], float) else np.asarray(data[0])
    flat = np.concatenate([np.reshape(d, -1) for d in data])
    return frozen(flat)


def unpacked(node: Any, like: Sequence[Any]) -> list[Any]:
    """The numbers and arrays that `packed` joined, in the shapes and kinds of `like`."""
    if len(like) == 1:
        return [node]
    parts, start = [], 0
    for x in like:
        shape = shape_of(x)
        stop = start + math.prod(shape)
        part = ops.reshape(node[start:stop], shape)
        if isinstance(x, BaseValue) or type(x) is float:
            part = as_value(part)
        elif part.dtype != x.dtype:
            part = ops.astype(part, x.dtype)
        parts.append(part)
        start = stop
    return parts
