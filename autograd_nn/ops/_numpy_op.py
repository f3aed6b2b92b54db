"""NumpyOp: an op with few parameters that can be called with all arguments of NumPy's function, such as `where=`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from inspect import Signature, signature
from typing import Any

import numpy as np

from ..errors import AutogradError, ShapeError, UsageError
from ._carriers import CARRIERS, is_plain
from ._docstring import Docstring
from ._no_nodes import check_options, options_of
from ._op import Op, shape_of
from ._refusal import RAW, refused


class NumpyOp(Op):
    """An op that is also called as NumPy's function is: `sum(x, axis=0)` is the op, `sum(x, where=mask)` is composed.

    form    a function with the signature of NumPy's, composed of ops
    numpy   NumPy's function

    A call with the op's inputs, and with its own parameters by name, is the op. With any other arguments
    a call with a node among them runs `form`, and a call with plain numbers and arrays runs `numpy`.
    """

    def __init__(self, *args: Any, form: Callable[..., Any], numpy: Callable[..., Any], **more: Any) -> None:
        super().__init__(*args, **more)
        self.form, self.numpy = form, numpy
        self.options = options_of(form)

    @cached_property
    def signature(self) -> Signature:
        """The signature of `form`: that of NumPy's function without the arguments that are refused here."""
        return signature(self.form)

    def __call__(self, *args: Any, **params: Any) -> Any:
        if not params and len(args) == self.arity == 1:
            return CARRIERS[type(args[0])].apply(self, args, self.params)       # the common case: np.mean(x)
        if len(args) == self.arity and params.keys() <= self.params.keys() \
                and (self.arity == 1 or all(a is not None for a in args)):
            return super().__call__(*args, **params)
        plain = all(is_plain(a) for a in (*args, *params.values()))
        check_options(self.name, self.options, args, params)
        try:
            return self.numpy(*args, **params) if plain else self.form(*args, **params)
        except AutogradError:
            raise
        except RAW as error:
            if not plain:
                self._explain(args, params)
            raise refused(self.name, args, params, error) from None

    def _explain(self, args: tuple[Any, ...], params: dict[str, Any]) -> None:
        """Raise a UsageError that names the parameters, if `form` cannot be called with these arguments."""
        try:
            self.signature.bind(*args, **params)
        except TypeError as error:
            known = ", ".join(list(self.signature.parameters)[self.arity:])
            raise UsageError(f"{self.name}: {error}\n  help: its parameters are {known}") from None


NumpyOp.__doc__ = Docstring(NumpyOp.__doc__ or "")  # type: ignore[assignment]


def mask_of(name: str, a: Any, where: Any) -> Any:
    """The mask `where=` as an array of booleans of a's shape."""
    mask = np.asarray(where)
    if mask.dtype != bool:
        raise UsageError(f"{name}: where= is a mask of booleans, not of {mask.dtype}\n  help: where=(mask != 0)")
    try:
        return np.broadcast_to(mask, shape_of(a))
    except ValueError:
        raise ShapeError(f"{name}: the mask where= of shape {mask.shape} does not broadcast to "
                         f"the array's {shape_of(a)}") from None
