"""What is checked: a function of arrays with its derivative, whatever it is written in."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..core.node import data_of
from ..errors import AutogradError, DataError, DTypeError, EvaluationError, ShapeError, UsageError
from ..ops._refusal import shown_in_error
from ..transforms._calculus import is_another_number
from ..tree._structure import Constant
from ._places import leaf_places
from ._rounding import eps_of

Array = np.ndarray[Any, Any]


class Evaluation(NamedTuple):
    """One run: its value, and the gradient for a cotangent of it (None: that of a single number, 1)."""

    value: Array
    pull: Callable[[Array | None], list[Array]]
    root: Any = None


class Subject:
    """A function whose inputs, and parameters that it closes over, are taken apart into arrays (leaves).

    Each framework says how an array becomes a variable (`make`) and comes back (`read`), and how
    the function is run for its value and for its gradient.
    """

    framework = ""                   # whose gradient it is
    origin = ""                      # how that was found, where it is to be told
    what = "the backward pass"
    forward_mode = True
    widens = False                   # whether the function may be run in float64 where it was given float32
    seeded = True                    # whether the gradient takes a cotangent

    def __init__(self, f: Callable[..., Any], inputs: Sequence[Any], parameters: Iterable[Any] = (),
                 many: bool = False) -> None:
        self.f, self.many = f, many
        self.calls = [0]                         # shared with what is derived
        self.likes: list[Any] = []
        self.names: list[str] = []
        self.structures: list[tree.Structure] = []
        for i, x in enumerate(inputs):
            found, structure = self._taken_apart(x, f"input {i}")
            self.likes += found
            self.structures.append(structure)
            self.names += leaf_places(structure, f"input {i}")
        self.flat = all(s.entries == [None] for s in self.structures)
        self.parameters: list[Any] = []
        for i, p in enumerate(parameters):
            name, p = p if isinstance(p, tuple) else (getattr(p, "name", None), p)
            self._check_parameter(p)
            self.parameters.append(p)
            self.names.append(name or f"parameter {i}")
        self.start = [np.array(self.read(x)) for x in (*self.likes, *self.parameters)]
        for name, a in zip(self.names, self.start):
            if a.dtype.itemsize < 4:
                raise DTypeError(f"check_gradients: {name} is {a.dtype}, whose spacing is too coarse for differences\n"
                                 "  help: check the same function in float64, or in float32")
            if not np.all(np.isfinite(a)):
                raise DataError(f"check_gradients: {name} holds a nan or an inf, where nothing has a derivative")
        if not self.start:
            raise UsageError("check_gradients: nothing to check; give inputs, or parameters=")
        self.eps = eps_of(*self.start)           # of the arithmetic that f is known to be computed in
        self.written = self.start[len(self.likes):]
        self.tangents: tuple[list[Array], ...] = ()

    # --- what a framework says -------------------------------------------------------------------
    def owns(self, x: Any) -> bool:
        """Whether x, which is no leaf of a tree, is an array of this framework."""
        return False

    def read(self, x: Any) -> Array:
        """The array behind a variable or an output."""
        return np.asarray(data_of(x))

    def make(self, like: Any, array: Array) -> Any:
        """What f is given for an array: of the kind of `like`, and nobody else's."""
        return array.copy() if array.ndim else array.item()

    def write(self, parameter: Any, array: Array) -> None:
        """Set a parameter."""
        raise NotImplementedError

    def is_parameter(self, x: Any) -> bool:
        """Whether f can depend on x without being given it."""
        return False

    def output(self, arrays: Sequence[Array]) -> Any:
        """What f returns, or (of a derived subject) its derivative along the tangents."""
        return self.call(self.f, self.arguments(arrays)[0])

    def trace(self, arrays: Sequence[Array]) -> Evaluation:
        """A run that can be differentiated."""
        raise NotImplementedError

    def gradient_alone(self, arrays: Sequence[Array], cotangent: Array | None) -> list[Array] | None:
        """The gradient without a run of the function before it; None where its graph is what the gradient is of."""
        return None

    def push(self, arrays: Sequence[Array], tangents: Sequence[Array]) -> Array:
        """The derivative of the output along tangents of the inputs, by forward mode."""
        raise NotImplementedError

    # --- what all share --------------------------------------------------------------------------
    @property
    def evaluations(self) -> int:
        """How often f was called."""
        return self.calls[0]

    def value(self, arrays: Sequence[Array]) -> Array:
        """What f returns, as an array."""
        return self.result(self.output(arrays))

    def result(self, y: Any) -> Array:
        """An output as an array; raises where it is nothing that can be checked."""
        try:
            array = self.read(y)
        except AutogradError:
            raise
        except Exception:
            array = np.empty(0, dtype=object)
        if array.dtype.kind == "c":
            raise DTypeError("check_gradients: the function returned a complex number, whose derivative is none\n"
                             "  help: return its real part, its imaginary part or its absolute value")
        if array.dtype.kind not in "fiu":
            raise UsageError(f"check_gradients: the function must return a single number, not {type(y).__name__}"
                             + ("\n  help: is a return statement missing?" if y is None else ""))
        if array.size != 1 and not (self.many and not self.tangents):
            raise ShapeError("check_gradients: the function must return a single number, "
                             f"and returned shape {array.shape}\n"
                             "  help: reduce it with .sum() or .mean(); cotangents=\"random\" checks all of it")
        return array

    def arguments(self, arrays: Sequence[Array]) -> tuple[list[Any], list[Any]]:
        """(f's arguments, the variables for the leaves), with the parameters set."""
        n = len(self.likes)
        variables = [self.make(like, a) for like, a in zip(self.likes, arrays)]
        self.set_parameters(arrays[n:])
        return self.nested(variables), [*variables, *self.parameters]

    def nested(self, leaves: Sequence[Any], results: bool = False) -> list[Any]:
        """Something for each leaf of the inputs, nested as the inputs are."""
        if self.flat:
            return list(leaves)
        args, at = [], 0
        for s in self.structures:
            args.append((s.results if results else s.rebuild)(leaves[at:at + s.size]))
            at += s.size
        return args

    def set_parameters(self, arrays: Sequence[Array]) -> None:
        """Write those that have changed since the last call."""
        for i, (p, a) in enumerate(zip(self.parameters, arrays)):
            if self.written[i] is not a:
                self.write(p, a)
                self.written[i] = a

    @contextmanager
    def at_start(self) -> Iterator[None]:
        """Inside, parameters are moved about the place where the check began; after it they are as before it."""
        before = [np.array(self.read(p)) for p in self.parameters]
        self.written[:] = before
        try:
            yield
        finally:
            self.set_parameters(before)

    def derived(self, tangents: Sequence[Array]) -> Subject:
        """The derivative of this function along `tangents`, as a function of the same arrays."""
        made = copy.copy(self)
        made.written = self.written              # one list: the parameters are the same
        made.tangents = (*self.tangents, list(tangents))
        return made

    def widened(self) -> Subject | None:
        """The same function in float64 at the same place, if it is not there already and can be."""
        if not self.widens or all(a.dtype == np.float64 for a in self.start):
            return None
        made = copy.copy(self)
        made.written = self.written
        made.start = [a.astype(np.float64) for a in self.start]
        made.tangents = tuple([t.astype(np.float64) for t in ts] for ts in self.tangents)
        return made

    def call(self, f: Callable[..., Any], args: Sequence[Any], what: str = "the function") -> Any:
        """f(*args); what it raises is told with its inputs."""
        self.calls[0] += what == "the function"
        try:
            return f(*args)
        except EvaluationError:
            raise
        except Exception as error:
            raise EvaluationError(f"check_gradients: {what} raised {type(error).__name__}: {error}\n"
                                  f"  called with {self.described()}") from error

    def described(self) -> str:
        """The inputs in a few words."""
        parts = []
        for name, a in zip(self.names, self.start):
            if a.ndim == 0:
                parts.append(f"{name} = {float(a):.10g}")
            else:
                span = f", from {a.min():.3g} to {a.max():.3g}" if a.size else ""
                parts.append(f"{name}: {a.dtype} {a.shape}{span}")
        return "; ".join(parts[:6]) + ("; ..." if len(parts) > 6 else "")

    def first_run(self) -> Array:
        """The value at the inputs; raises where f changes them there, or is not finite."""
        args, variables = self.arguments(self.start)
        y = self.result(self.call(self.f, args))
        self.eps = eps_of(*self.start, y)
        self.check_unchanged(variables, self.start, "the function")
        if not np.all(np.isfinite(y)):
            raise EvaluationError(f"check_gradients: the function returned {y.ravel()[~np.isfinite(y.ravel())][0]}, "
                                  f"so there is nothing to differentiate\n  called with {self.described()}")
        return y

    def check_unchanged(self, variables: Sequence[Any], arrays: Sequence[Array], what: str) -> None:
        """Raise where a variable is no longer what it was made of."""
        for name, x, a in zip(self.names, variables, arrays):
            if not np.array_equal(self.read(x), a):
                raise EvaluationError(f"check_gradients: {what} changed {name} in place\n"
                                      "  help: let it work on a copy; otherwise every call sees another input")

    def _taken_apart(self, x: Any, name: str) -> tuple[list[Any], tree.Structure]:
        """The leaves of an input, those of the framework among them, and its structure."""
        if is_another_number(x):
            x = float(x)
        plain, structure = tree.flatten(x)
        rest, found = iter(plain), []
        for k, entry in enumerate(structure.entries):
            if entry is None:
                found.append(next(rest))
            elif isinstance(entry, Constant) and self.owns(entry.value):
                found.append(entry.value)
                structure.entries[k] = None
        structure.size = len(found)
        if not found:
            if isinstance(x, (np.ndarray, np.generic, bool, complex)) or hasattr(x, "dtype"):
                raise DTypeError(f"check_gradients: {name} is {getattr(x, 'dtype', type(x).__name__)}, "
                                 "and has no derivative\n  help: give real floating point numbers, x.astype(float); "
                                 "close over data that is to stay as it is")
            raise UsageError(f"check_gradients: {name} has nothing to differentiate: {type(x).__name__} "
                             f"{shown_in_error(x)}\n"
                             "  help: give floats, floating point arrays, Values, Tensors, or a nest of them")
        return found, structure

    def _check_parameter(self, p: Any) -> None:
        if not self.is_parameter(p):
            raise UsageError("check_gradients: parameters must be leaves (Values or Tensors; of torch, tensors that "
                             f"require a gradient), not {type(p).__name__}")
