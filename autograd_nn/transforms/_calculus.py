"""What all transforms share: they make variables of arguments, pull cotangents back, and hand results out."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from numbers import Real
from typing import Any

import numpy as np

from .. import tree
from ..core.batched import Batched, batch, lanes_in_front
from ..core.below import between, cotangents_alone
from ..core.modes import mode
from ..core.node import Node
from ..core.options import real_array, real_number
from ..core.tensor import Tensor
from ..core.times import begin
from ..core.value import value_variables
from ..core.variables import Asking, active, call_of
from ..errors import DTypeError, ShapeError, UsageError
from ..ops import shape_of
from ..ops._refusal import shown_in_error
from ..tree import Structure
from ..tree._containers import Copy, is_sure_leaf, is_unknown
from ._elsewhere import depending, depends_on_elsewhere, ends_of
from ._tangent_of_op import transposed
from ._tangents import tangents
from ._variable import Variable, is_storage, lifted
from .dual import Dual, alive, leaf, new_level, nodes_in, paired, recording, run_at

Function = Callable[..., Any]
Argnums = int | Sequence[int]


class Arguments:
    """The arguments of a function, those to differentiate taken apart into their leaves."""

    __slots__ = ("args", "leaves", "numbers", "places", "plain", "several", "stored", "structures")

    def __init__(self, what: str, args: tuple[Any, ...], argnums: Argnums) -> None:
        self.args = args
        self.several = type(argnums) is not int and not isinstance(argnums, np.integer)
        if self.several:
            self.places = [_place(what, i, len(args)) for i in argnums]              # type: ignore[union-attr]
            if len({*self.places}) < len(self.places):
                raise UsageError(f"{what}: argnums={argnums!r} names an argument twice")
        else:
            self.places = [_place(what, argnums, len(args))]
        self.leaves: list[Any] = []
        self.structures: list[Structure] = []
        self.stored: list[bool] = []
        for i in self.places:
            x = args[i]
            if not is_sure_leaf(x) and is_another_number(x):
                x = real_number(f"{what}: argument {i}", x)
            found, structure = tree.flatten(x)
            if not found:
                raise _not_differentiable(what, i, x)
            self.leaves += found
            self.structures.append(structure)
            stored = structure.stored
            self.stored += [k in stored for k in range(len(found))] if stored else [False] * len(found)
        self.numbers = FLOATS.issuperset(map(type, self.leaves))
        self.plain = self.numbers or PLAIN.issuperset(map(type, self.leaves))
        if not self.plain:
            self.leaves = [np.asarray(x) if isinstance(x, np.ndarray) else x for x in self.leaves]     # no matrix

    def call(self, f: Function, leaves: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, list[Copy]]:
        """f(*args, **kwargs) with these leaves in the place of its own, and the copies that it may have changed."""
        args = [*self.args]
        copies: list[Copy] = []
        for i, structure, part in zip(self.places, self.structures, self.per_argument(leaves)):
            args[i] = structure.rebuild(part, copies)
        return f(*args, **kwargs), copies

    def per_argument(self, parts: Sequence[Any]) -> list[Sequence[Any]]:
        """A list of something for each leaf, cut into one list for each argument."""
        if len(self.structures) == 1:
            return [parts]
        cut: list[Sequence[Any]] = []
        start = 0
        for structure in self.structures:
            cut.append(list(parts[start:start + structure.size]))
            start += structure.size
        return cut

    def results(self, parts: Sequence[Any]) -> Any:
        """A result for each leaf, in the structure of the argument, or a tuple where there are several."""
        if not self.several:
            return self.structures[0].results(parts)
        return tuple([s.results(part) for s, part in zip(self.structures, self.per_argument(parts))])


PLAIN = frozenset({float, np.ndarray, type(None)})
"""The types of plain numbers and arrays, and None, for a cotangent that has not come."""
FLOATS = frozenset({float})


def is_another_number(x: Any) -> bool:
    """Whether x is a real number but no float: an int, one of NumPy's, a Fraction."""
    return type(x) is int or (isinstance(x, Real) and not isinstance(x, (float, bool, np.floating)))


def check_function(what: str, f: Any) -> None:
    """Refuse what is no function: a Value or Tensor that a program has computed, above all."""
    if isinstance(f, (Node, Dual)) or (not callable(f) and any(isinstance(x, (Node, Dual)) for x in tree.leaves(f))):
        raise UsageError(f"{what}: the first argument is a function, not the {type(f).__name__} that it gave\n"
                         f"  help: {what}(lambda w: ..., ...) differentiates a function; of a node that is computed "
                         "already, loss.backward() gives w.grad for each w that it depends on")
    if not callable(f):
        raise UsageError(f"{what}: the first argument is a function, not {type(f).__name__} {shown_in_error(f)}\n"
                         f"  help: such as {what}(lambda x: x ** 2, ...)")


def check_argnums(what: str, argnums: Any) -> None:
    """Refuse what says no places, as the point itself does."""
    places = argnums if isinstance(argnums, (list, tuple, range, np.ndarray)) else [argnums]
    if not all(isinstance(i, (int, np.integer)) and not isinstance(i, bool) for i in places):
        raise UsageError(f"{what}: argnums={shown_in_error(argnums)} does not say which arguments: it is a number "
                         f"such as 0, or "
                         f"several such as (0, 1)\n  help: {what}(f)(x) is the derivative at x")


def _place(what: str, i: Any, n: int) -> int:
    if type(i) is int and 0 <= i < n:
        return i
    if not isinstance(i, (int, np.integer)) or isinstance(i, bool) or not -n <= i < n:
        raise UsageError(f"{what}: argnums names argument {i!r}, and the function was called with {n} positional "
                         f"argument{'s' * (n != 1)}")
    return int(i) % n


def _not_differentiable(what: str, i: int, x: Any) -> Exception:
    if isinstance(x, (np.ndarray, np.generic, bool, complex, Batched)):
        return DTypeError(f"{what}: argument {i} is {getattr(x, 'dtype', type(x))}, and has no derivative\n"
                          "  help: give real floating point numbers, such as x.astype(float)")
    if is_unknown(x):
        return UsageError(f"{what}: argument {i} has nothing to differentiate: {type(x).__name__} is not known as a "
                          "container\n"
                          f"  help: autograd_nn.tree.register({type(x).__name__}, flatten, build) says what is in one")
    return UsageError(f"{what}: argument {i} has nothing to differentiate: {type(x).__name__} {shown_in_error(x)}\n"
                      "  help: give floats, floating point arrays, Values, Tensors, or a nest of them; "
                      "integers in a nest are constants (write 1.0)")


NONE: frozenset[Node] = frozenset()


class Pullback(Asking):
    """f at a point with its graph: cotangents of the output give cotangents of the arguments.

    A result is plain (a number or an array) if it depends on the function's own arguments and plain
    data alone. What depends on a node that came from elsewhere, given as an argument or closed over,
    is a node itself, so that no dependence is lost; under no_grad() everything is plain.
    """

    __slots__ = ("_open", "arguments", "aux", "aux_structure", "bases", "inside", "kept", "recorded", "structure",
                 "variables", "what", "ys")

    def __init__(self, what: str, f: Function, arguments: Arguments, kwargs: dict[str, Any], has_aux: bool) -> None:
        self.what, self.arguments = what, arguments
        self.recorded = bool(mode.recording)
        began = begin()                                  # what is older does not depend on its variables
        Asking.__init__(self, began)
        if arguments.plain:
            self.variables = self.bases = value_variables(arguments.leaves, began) if arguments.numbers else \
                [lifted(x, False, True, began)[1] for x in arguments.leaves]
            self.kept, self.inside = arguments.stored, NONE          # none is stored, and no variable made by an op
        else:
            outermost = not active.calls                 # inside another transform a constant stays plain
            self.kept = [outermost and isinstance(x, Node) and not (stored and is_storage(x))
                         for x, stored in zip(arguments.leaves, arguments.stored)]
            pairs = [lifted(x, stored, self.recorded, began) for x, stored in zip(arguments.leaves, arguments.stored)]
            self.variables, self.bases = [x for x, _ in pairs], [base for _, base in pairs]
            self.inside = frozenset([base for base in self.bases if base._op is not None])
        with recording():
            y, copies = active.run(began, self.inside, arguments.call, (f, self.variables, kwargs))
        y, aux = with_aux(what, y) if has_aux else (y, None)
        self.ys, self.structure = tree.flatten(y)
        self.aux, self.aux_structure = tree.flatten(aux) if has_aux else ([], self.structure)
        self._open: bool | None = None                   # not known yet
        for made in copies:
            made.carry_back(lambda leaves: self._handed_out(leaves, self.recorded))

    @property
    def open(self) -> bool:
        """Whether the value, or what f returned beside it, depends on a node from elsewhere."""
        if self._open is None:
            self._open = self._is_open([*self.ys, *self.aux]) and self.recorded
        return self._open

    def value(self) -> Any:
        """f's value, for the caller."""
        return self.structure.rebuild(self._handed_out(self.ys, self.open))

    def extra(self) -> Any:
        """What f returned beside its value, for the caller."""
        return self.aux_structure.rebuild(self._handed_out(self.aux, self.open))

    def pull(self, seeds: Sequence[Any]) -> list[Any]:
        """The cotangent of each leaf of the arguments, for the caller."""
        found = self._pulled_alone(seeds)
        if found is None:
            along = nodes_in(seeds)
            create_graph = self.open or (self.recorded and bool(along))
            if not self.recorded:
                seeds = [stripped(seed, ()) for seed in seeds]
            with recording():
                found = transposed(self.ys, seeds, self.bases, create_graph, self.began)
            found = self._handed_out([with_lanes_of(*of) for of in zip(self.variables, found, self.bases)],
                                     create_graph, self.inside.union(along) if along else NONE)
        if self.arguments.numbers and PLAIN.issuperset(map(type, found)):
            return [0.0 if g is None else g for g in found]
        taken: set[int] = {id(seed) for seed in seeds}
        done: list[Any] = []
        for x, base, keep, g in zip(self.arguments.leaves, self.bases, self.kept, found):
            done.append(_like(x, base, keep, g, taken))
        return done

    def _pulled_alone(self, seeds: Sequence[Any]) -> list[Any] | None:
        """The cotangents in the usual case: plain arguments, and nothing below the value but what the call has made."""
        if not self.arguments.plain or len(self.ys) != 1 or self.aux or self._open or not mode.recording:
            return None
        y, seed = self.ys[0], seeds[0]
        if not isinstance(y, Node) or type(seed) not in PLAIN or seed is None:
            return None
        found = cotangents_alone(self.bases, y, seed, self.began)
        if found is not None:
            self._open = False
        return found

    def push(self, given: Sequence[Any]) -> list[Any]:
        """The tangents of the value, of the tangents `given` of the leaves of the arguments; None stands for 0."""
        dxs = {base: _below_lanes(x, dx) for x, base, dx in zip(self.variables, self.bases, given) if dx is not None}
        with recording():
            order = between(nodes_in(self.ys), dxs, self.began)
            return self._handed_out(tangents(self.ys, order, dxs, self.open), self.open)

    def _handed_out(self, results: Sequence[Any], may_depend: bool, until: Set[Node] = NONE) -> list[Any]:
        """Results as nodes where they depend on a node from elsewhere, and else as plain data."""
        if not may_depend:
            return [*results] if PLAIN.issuperset(map(type, results)) else [stripped(x, ()) for x in results]
        depends = depending(results, until or self.inside, self._is_from_elsewhere, self.began)
        return [stripped(x, depends) for x in results]

    def _is_open(self, results: Sequence[Any]) -> bool:
        """Whether a result depends on a node from elsewhere."""
        ends = ends_of(nodes_in(results), self.inside, self.began)
        open = {self._is_from_elsewhere(end) for end in ends}        # each is asked: what is a constant forgets then
        return True in open

    def _is_from_elsewhere(self, end: Node) -> bool:
        """Whether the end of a walk stands for a node from elsewhere, or depends on one."""
        if end._op is None and call_of(end) == self.began:
            return False
        return end in self.inside or depends_on_elsewhere(end)


def with_lanes_of(x: Any, g: Any, base: Any) -> Any:
    """The cotangent g of the node in a variable x, with the lanes of x, if it has any."""
    if not isinstance(x, Batched):
        return g
    g = np.zeros(base.shape, base.dtype) if g is None else g
    return batch(with_lanes_of(x._below, g, base), x.level)


def _below_lanes(x: Any, dx: Any) -> Any:
    """A tangent of a variable x as one of the node in it."""
    while isinstance(x, Batched):
        x, dx = x._below, lanes_in_front(dx, x.level)
    return dx


def with_aux(what: str, y: Any) -> tuple[Any, Any]:
    """What a function with has_aux returned: its value and the rest."""
    if not isinstance(y, tuple) or len(y) != 2:
        raise UsageError(f"{what}: with has_aux=True the function returns a pair (value, aux), "
                         f"and this one returned {type(y).__name__} {shown_in_error(y)}")
    return y


def stripped(x: Any, keep: Any) -> Any:
    """A result as plain data, but for the nodes in `keep`, and without the tangents of jvps that are over."""
    x = alive(x)
    if isinstance(x, Batched):
        return Batched(stripped(x._below, keep), x.level)
    if isinstance(x, Dual):
        return Dual(stripped(x.primal, keep), stripped(x.tangent, keep), x.level)
    if not isinstance(x, Node) or x in keep:
        return x
    return plain_result(x)


def plain_result(x: Node) -> Any:
    """The data of a node as a plain result: a number, or an array of its own."""
    data = x._data
    if isinstance(data, np.ndarray):
        return data.copy() if data.shape else data[()]
    return data


def _like(x: Any, base: Any, keep: bool, g: Any, taken: set[int]) -> Any:
    """The gradient g in the form of the argument x; `taken` are the arrays that others hold."""
    if isinstance(g, (Dual, Node, Batched)):
        return g
    if isinstance(base, Tensor):
        if not isinstance(g, np.ndarray) or id(g) in taken or g.base is not None or not g.flags.writeable \
                or g.shape != base.shape:
            g = np.array(np.broadcast_to(0.0 if g is None else g, base.shape), dtype=base.dtype)
        taken.add(id(g))
    else:
        g = 0.0 if g is None else float(g)
    if keep:
        return leaf(g, type(x))
    return g[()] if isinstance(x, np.floating) and not isinstance(x, float) else g


def pushed(f: Function, arguments: Arguments, tangents: Sequence[Any]) -> tuple[Any, list[Copy], int]:
    """f's value with duals in the place of the arguments' leaves, the copies that it may have changed, and the level of
    the duals."""
    level = new_level()
    with recording(), run_at([level]):                  # no_grad() inside f stops derivatives, one around not
        duals = [paired(x._data if stored and is_storage(x) else x, dx, level, Variable)
                 for x, dx, stored in zip(arguments.leaves, tangents, arguments.stored)]
        return *arguments.call(f, duals, {}), level


def check_tangents(what: str, xs: Sequence[Any], dxs: Sequence[Any], kind: tuple[str, str]) -> list[Any]:
    """Tangents (or cotangents) that have the shapes of what they belong to, in its dtype."""
    done = []
    for x, dx in zip(xs, dxs):
        if isinstance(dx, (list, tuple)):
            dx = real_array(f"{what}: a {kind[1]}", dx)
        elif is_another_number(dx):
            dx = real_number(f"{what}: a {kind[1]}", dx)
        if shape_of(x) != shape_of(dx):
            raise ShapeError(f"{what}: {kind[0]} of shape {shape_of(x)} has a {kind[1]} of shape {shape_of(dx)}")
        if not tree.is_leaf(dx):
            if not isinstance(dx, (bool, np.ndarray)) or np.asarray(dx).dtype.kind not in "iub":
                raise UsageError(f"{what}: a {kind[1]} is a number or an array, not {type(dx).__name__} "
                                 f"{shown_in_error(dx)}")
            dx = dx.astype(float) if isinstance(dx, np.ndarray) else float(dx)
        if isinstance(dx, np.ndarray):
            dtype = getattr(x, "dtype", dx.dtype)
            dx = np.asarray(dx).astype(dtype, copy=False)
        done.append(dx)
    return done
