"""Functions of Values and Tensors, functions with a hand-written gradient, and which kind a function is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import ops, tree
from ..core.modes import no_grad
from ..core.node import Node, data_of
from ..core.reverse import cotangents
from ..core.tensor import Tensor
from ..core.value import BaseValue, Value
from ..errors import DTypeError, ShapeError, UsageError
from ..ops import shape_of
from ..transforms import jvp
from ..transforms.dual import recording
from ._framework import OWN, by_function, framework_of_things
from ._subject import Array, Evaluation, Subject


class OtherFramework(UsageError):
    """A function that was taken for one of Values and Tensors returned an array of another framework."""

    def __init__(self, framework: str | None) -> None:
        super().__init__(f"check_gradients: the function returned an array of {framework}, whose gradient is not that "
                         f"of Values and Tensors\n  help: framework={framework!r}, and plain inputs or {framework}'s")
        self.framework = framework


class Own(Subject):
    """A function of Values and Tensors."""

    framework = OWN
    widens = True

    def result(self, y: Any) -> Array:
        home = None if isinstance(y, (Node, float)) else framework_of_things([y])
        if home not in (None, OWN):
            raise OtherFramework(home)
        return super().result(y)

    def make(self, like: Any, array: Array) -> Any:
        if isinstance(like, BaseValue):
            return type(like)._lift(float(array))
        if isinstance(like, Tensor) or array.ndim:
            return Tensor._lift(array)
        return Value(float(array))

    def write(self, parameter: Any, array: Array) -> None:
        if array.dtype == self.read(parameter).dtype:
            parameter.data = array
        else:
            parameter._data = array.copy()           # for the while of a check in float64

    def is_parameter(self, x: Any) -> bool:
        return isinstance(x, Node) and x.op is None

    def output(self, arrays: Sequence[Array]) -> Any:
        if not self.tangents:
            with no_grad():
                return super().output(arrays)
        with recording():
            return self._run(arrays, False)[0]

    def _run(self, arrays: Sequence[Array], graph: bool) -> tuple[Any, list[Any]]:
        args, variables = self.arguments(arrays)
        y = self.call(self.f, args)
        for k, tangents in enumerate(self.tangents):
            y = self._along(y, variables, tangents, graph or k < len(self.tangents) - 1)
        return y, variables

    def _along(self, y: Any, variables: list[Any], tangents: list[Array], graph: bool) -> Any:
        self.result(y)
        if not isinstance(y, Node):
            return 0.0
        found = cotangents({y: y._one()}, create_graph=graph)
        parts = [ops.sum(found[x] * t) if shape_of(x) else found[x] * float(t)
                 for x, t in zip(variables, tangents) if x in found]
        total: Any = 0.0
        for part in parts:
            total = total + part
        return total

    def trace(self, arrays: Sequence[Array]) -> Evaluation:
        with recording():
            root, variables = self._run(arrays, True)

        def pull(cotangent: Array | None) -> list[Array]:
            if not isinstance(root, Node):
                return [np.zeros(np.shape(a)) for a in arrays]   # a constant function
            seed = root._one() if cotangent is None else cotangent.astype(self.read(root).dtype)
            with recording():
                found = self.call(lambda: cotangents({root: seed}), (), self.what)
            return [np.array(data_of(found[x])) if x in found else np.zeros_like(a) for x, a in zip(variables, arrays)]
        return Evaluation(self.result(root), pull, root)

    def push(self, arrays: Sequence[Array], tangents: Sequence[Array]) -> Array:
        n = len(self.likes)
        plain = [t if t.ndim else float(t) for t in tangents[:n]]
        with no_grad():
            args, _ = self.arguments(arrays)
            return np.asarray(data_of(jvp(self.f, args, self.nested(plain, results=True))[1]))


class Handwritten(Subject):
    """A function of plain numbers and arrays, with its gradient as another function.

    The function runs just before its gradient, each time: a layer may keep its forward pass for its backward pass.
    """

    framework = "hand-written"
    what = "the gradient"
    widens = True
    forward_mode = seeded = False

    def __init__(self, f: Callable[..., Any], gradient: Callable[..., Any], inputs: Sequence[Any],
                 many: bool = False) -> None:
        super().__init__(f, [tree.map(self._plain, x) for x in inputs], many=many)
        if not callable(gradient):
            raise UsageError(f"check_gradients: gradient must be a function, not {type(gradient).__name__}")
        self.gradient = gradient

    @staticmethod
    def _plain(x: Any) -> Any:
        data = data_of(x)
        return np.array(data) if np.ndim(data) else float(data)

    def trace(self, arrays: Sequence[Array]) -> Evaluation:
        def pull(cotangent: Array | None) -> list[Array]:
            self.value(arrays)
            return self.gradient_alone(arrays, cotangent)
        return Evaluation(self.value(arrays), pull)

    def gradient_alone(self, arrays: Sequence[Array], cotangent: Array | None) -> list[Array]:
        """The gradient, whatever the function ran on last."""
        args, variables = self.arguments(arrays)
        extra = [cotangent] if self.many else []
        found = self.call(self.gradient, [*args, *extra], self.what)
        self.check_unchanged(variables, arrays, self.what)
        return self._parts(found)

    def _parts(self, found: Any) -> list[Array]:
        n = len(self.structures)
        given = list(found) if isinstance(found, tuple) or (isinstance(found, list) and n > 1) else [found]
        if len(given) != n:
            raise ShapeError(f"check_gradients: the gradient has {len(given)} parts for {n} inputs")
        parts = [g for s, part in zip(self.structures, given) for g in s.match(part, "check_gradients: the gradient")]
        done = []
        for name, g, a in zip(self.names, parts, self.start):
            array = np.array(data_of(g))                 # the function may use its own again
            if array.dtype.kind not in "fiu":
                raise DTypeError(f"check_gradients: the gradient of {name} is {array.dtype}, not real numbers")
            if array.shape != a.shape:
                raise ShapeError(f"check_gradients: the gradient of {name} has shape {array.shape}, "
                                 f"the input {a.shape}")
            done.append(array)
        return done


def _is_fixed(parameter: Any) -> bool:
    """Whether a parameter, or the pair of its name and itself, is a leaf by which nothing is differentiated."""
    leaf = parameter[1] if isinstance(parameter, tuple) and len(parameter) == 2 else parameter
    return isinstance(leaf, Node) and not leaf.requires_grad


def subject_of(f: Any, inputs: Sequence[Any], gradient: Any, parameters: Iterable[Any], framework: str | None,
               many: bool) -> Subject:
    """The Subject for f: by `framework`, by what the inputs and parameters are, or by what f refers to."""
    if not callable(f):
        raise UsageError(f"check_gradients: the first argument must be a function, not {type(f).__name__}")
    parameters = list(parameters)
    if gradient is not None:
        if parameters:
            raise UsageError("check_gradients: a hand-written gradient goes with inputs, not with parameters")
        return Handwritten(f, gradient, inputs, many)
    origin = ""
    if framework is None:
        framework = framework_of_things([*inputs, *parameters])
        if framework is None:
            framework, origin = by_function(f)
    if framework == OWN:
        made: Subject = Own(f, inputs, [p for p in parameters if not _is_fixed(p)], many)
    else:
        from ._adapters import adapter
        made = adapter(framework)(f, inputs, parameters, many)
    made.origin = origin
    return made
