"""Optimizer: the parameters, their state, and a rule that changes one of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..errors import StateError, UsageError
from ..graph import Node, data_of
from ..ops import shape_of
from ..value import BaseValue, core

State = dict[str, Any]
SMALL = 1 << 12          # elements of an array up to which plain arithmetic is quick enough
BLOCK = 1 << 16          # elements that stay in the cache while several operations go over them


class Optimizer:
    """Parameters (Tensors and Values, mixed if need be) and a rule that changes them.

    A subclass names its numbers in `options` and writes `update` once, for floats and ndarrays
    alike: operators and ops of the table, nothing in place. The numbers are attributes and may be
    changed between steps.

    params  leaves, as in `model.parameters()`
    lr      the learning rate, > 0

    Raises UsageError for no parameters, one that is no leaf or comes twice, and a rate that is not
    a positive number.

    >>> from autograd_nn import Value, optim
    >>> class SignDescent(optim.Optimizer):
    ...     def update(self, x, g, state):
    ...         return x - self.lr * ops.sign(g)
    >>> from autograd_nn import ops
    >>> x = Value(3.0)
    >>> (x * x).backward()
    >>> SignDescent([x], lr=0.5).step()
    >>> x.data
    2.5
    """

    options: ClassVar[tuple[str, ...]] = ("lr",)

    def __init__(self, params: Iterable[Any], lr: float) -> None:
        self.params = _leaves(params)
        self._all_values = all(isinstance(p, BaseValue) for p in self.params)
        self.lr = positive("lr", lr)
        self.state: list[State] = [{} for _ in self.params]

    def update(self, x: Any, g: Any, state: State) -> Any:
        """The new data of a parameter from its data, its gradient, and what `state` remembers of it."""
        raise UsageError(f"{type(self).__name__} has no update(self, x, g, state): "
                         "an Optimizer must define how a parameter changes")

    def step(self) -> None:
        """Change every parameter that has a gradient."""
        if core is not None and self._all_values and self._step_in_c(core):
            return
        for p, state in zip(self.params, self.state):
            if p.has_grad:
                x, g = p._data, data_of(p._grad)
                update = self._update_array if type(x) is np.ndarray and x.size > SMALL else self.update
                p._take(update(x, g, state))

    def _update_array(self, x: Any, g: Any, state: State) -> Any:
        """`update` for a large array; a subclass may have a quicker way to the same bits."""
        return self.update(x, g, state)

    def _step_in_c(self, core: Any) -> bool:
        """The same step, of Values, in the C engine; False, with nothing changed, if it cannot be taken there."""
        return False

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        for p in self.params:
            p.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """All that a later step depends on besides the parameters, copied.

        {"optimizer": its name, "options": {name: number}, "state": [{name: number or array}, ...]},
        the last in the order of the parameters.

        >>> from autograd_nn import Value, optim
        >>> optim.SGD([Value(1.0)], lr=0.1).state_dict()["options"]["lr"]
        0.1
        """
        return {"optimizer": type(self).__name__,
                "options": {name: getattr(self, name) for name in self.options},
                "state": [{k: _copied(x) for k, x in state.items()} for state in self.state]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what state_dict() gave; steps then go on with the same bits.

        Raises StateError where it is another optimizer's or does not fit the parameters; nothing is
        loaded then.
        """
        name, problems = type(self).__name__, []
        try:
            kind, options = state["optimizer"], dict(state["options"])
            states = [dict(s) for s in state["state"]]
        except (KeyError, TypeError, ValueError):
            raise StateError(f"{name}.load_state_dict: this is no state of an optimizer\n"
                             "  help: it takes what state_dict() gave") from None
        if kind != name:
            problems.append(f"it is the state of {kind}")
        if set(options) != set(self.options):
            problems.append(f"its options are {', '.join(map(str, options))}, not {', '.join(self.options)}")
        if len(states) != len(self.params):
            problems.append(f"it has {len(states)} parameters, and this one has {len(self.params)}")
        for i, (p, entries) in enumerate(zip(self.params, states)):
            problems += [f"{key} of parameter {i}: {np.shape(x)} in the state, {p.shape} in the parameter"
                         for key, x in entries.items() if np.shape(x) not in ((), p.shape)]
        if problems:
            raise StateError("\n  ".join([f"{name}.load_state_dict: the state does not fit", *problems]))
        for key, x in options.items():
            setattr(self, key, x)
        self.state = [{k: _copied(x) for k, x in entries.items()} for entries in states]

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.options)
        return f"{type(self).__name__}({len(self.params)} parameters, {numbers})"


def _copied(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


def _leaves(params: Iterable[Any]) -> list[Any]:
    """The parameters as a list, each a leaf and each once."""
    if isinstance(params, Node):
        raise UsageError("an optimizer takes a list of parameters\n  help: [p] for a single one")
    if not isinstance(params, Iterable):
        raise UsageError(f"an optimizer takes parameters, not a {type(params).__name__}\n  help: model.parameters()")
    leaves = list(params)
    if not leaves:
        raise UsageError("an optimizer needs at least one parameter, and there are none\n"
                         "  help: a generator such as model.parameters() can be used only once")
    seen: set[int] = set()
    for i, p in enumerate(leaves):
        if not isinstance(p, Node):
            raise UsageError(f"parameter {i} is a {type(p).__name__}; an optimizer changes Tensors and Values\n"
                             "  help: model.parameters(), not named_parameters(); array.flat for an array of Values")
        if not p.is_leaf:
            raise UsageError(f"parameter {i} of shape {shape_of(p)} was computed by {p.op.name if p.op else ''}, "
                             "so changing it would change nothing\n  help: give the leaves that it was computed from")
        if id(p) in seen:
            raise UsageError(f"parameter {i} ({p.name or f'of shape {shape_of(p)}'}) comes twice, "
                             "and would be changed twice in a step")
        seen.add(id(p))
    return leaves


# --- the numbers of an optimizer ---------------------------------------------------------------------

def positive(name: str, x: Any) -> float:
    """x as a float, if it is a finite number > 0."""
    return _number(name, x, lambda v: 0 < v < math.inf, "a number > 0")


def non_negative(name: str, x: Any) -> float:
    """x as a float, if it is a finite number >= 0."""
    return _number(name, x, lambda v: 0 <= v < math.inf, "a number >= 0")


def fraction(name: str, x: Any) -> float:
    """x as a float, if 0 <= x < 1."""
    return _number(name, x, lambda v: 0 <= v < 1, "a number from 0 up to, but not, 1")


def _number(name: str, x: Any, fits: Any, what: str) -> float:
    if isinstance(x, (int, float, np.integer, np.floating)) and fits(x):
        return float(x)
    raise UsageError(f"{name} must be {what}, not {x!r:.60}")
