"""Optimizer: the parameters in groups, their state, and a rule that changes one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..core import reverse
from ..core.node import data_of
from ..core.options import above_zero, function, non_negative
from ..core.value import BaseValue
from ..errors import StateError, UsageError
from ..ops._refusal import shown_in_error
from ._parameters import Group, group_leaves, groups_of
from ._rule import SMALL, State, in_blocks

Check = Callable[[str, Any], Any]
MOST_STEPS = 1 << 53            # up to here a count of steps is exact as a float, too


class Optimizer:
    """Parameters (Tensors and Values, mixed if need be) and a rule that changes them.

    A subclass names its numbers in `options`, each with a function that checks it. It writes the rule
    once, as `update`: with operators and ops of the table the same text serves floats and ndarrays. A
    rule that treats each element by itself may say `elementwise = True`; then step() goes over large
    arrays in blocks, which is faster.

    params    leaves, as in `model.parameters()`; or groups: a list of dicts {"params": leaves, name: number},
              each with numbers of its own
    numbers   lr and so on, for the groups that do not give their own

    `param_groups` holds these dicts with every number filled in; a schedule changes the numbers there. Each
    number is an attribute too: `opt.lr = 0.1` sets it in every group, and `opt.lr` gives it if all groups
    have the same. step() leaves a parameter without a gradient as it is, and so one that is fixed (`requires_grad`):
    neither weight decay nor momentum moves it, and what the optimizer remembers of it stays for when it is free
    again. A nan or inf in a gradient goes into the parameter (clip_grad_norm_ refuses it).

    Raises UsageError where there is no parameter, where one is no leaf or comes twice, and where a
    number is unknown, missing or out of range. The rate `lr` must be > 0; later it may become 0.

    >>> from autograd_nn import Value, ops, optim
    >>> class SignDescent(optim.Optimizer):
    ...     def update(self, x, g, state, lr):
    ...         return x - lr * ops.sign(g)
    >>> x, y = Value(3.0), Value(3.0)
    >>> (x * y).backward()
    >>> SignDescent([{"params": [x]}, {"params": [y], "lr": 1.0}], lr=0.5).step()
    >>> x.data, y.data
    (2.5, 2.0)
    """

    options: ClassVar[Mapping[str, Check]] = {"lr": above_zero}
    elementwise: ClassVar[bool] = False
    params: list[Any]
    param_groups: list[Group]
    state: list[State]
    lr: float                                        # for the type checker: each option is an attribute

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "update" in vars(cls) and "elementwise" not in vars(cls):
            cls.elementwise = False                  # it was said of the rule of the class above, not of this one
        for name in cls.options:
            if not hasattr(cls, name):
                setattr(cls, name, _OfAllGroups(name))

    def __init__(self, params: Iterable[Any], **numbers: Any) -> None:
        self.params, self.param_groups, self.state = [], [], []
        self._known(numbers)
        for group in groups_of(params):
            self.add_param_group({**numbers, **group})

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add a group: a dict {"params": leaves, name: number} with every number.

        Raises UsageError as the constructor does; nothing is added then.

        >>> from autograd_nn import Value, optim
        >>> opt = optim.SGD([Value(1.0)], lr=0.1)
        >>> opt.add_param_group({**opt.param_groups[0], "params": [Value(2.0)], "lr": 0.01})
        >>> [group["lr"] for group in opt.param_groups]
        [0.1, 0.01]
        """
        if not isinstance(group, Mapping) or "params" not in group:
            raise UsageError(f"{type(self).__name__}: a group is a dict {{'params': leaves, name: number}}, not "
                             f"{shown_in_error(group)}")
        numbers = {name: x for name, x in group.items() if name not in ("params", "initial_lr")}
        self._known(numbers)
        missing = [name for name in self.options if name not in numbers]
        if missing:
            raise UsageError(f"{type(self).__name__}: a group needs {', '.join(missing)}")
        checked = {name: check(name, numbers[name]) for name, check in self.options.items()}
        self._fit_together(**checked)
        params = group_leaves(group["params"], {id(p): p for p in self.params})
        self.param_groups.append({"params": params, **checked})
        self.params += params
        self.state += [{} for _ in params]

    def _known(self, numbers: Mapping[str, Any]) -> None:
        unknown = [name for name in numbers if name not in self.options]
        if unknown:
            raise UsageError(f"{type(self).__name__} has no {', '.join(map(repr, unknown))}; "
                             f"its numbers are {', '.join(self.options)}")

    def _fit_together(self, **numbers: Any) -> None:
        """Raise UsageError where numbers contradict each other, though each is in range. A subclass says when."""

    def update(self, x: Any, g: Any, state: State, **numbers: Any) -> Any:
        """The new data of a parameter from its data, its gradient, what `state` remembers of it, and the numbers."""
        raise UsageError(f"{type(self).__name__} has no update(self, x, g, state, lr): "
                         "an Optimizer must define how a parameter changes")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient.

        `closure()`, if given, runs first: it computes the gradients, and step() returns the loss that it returns.
        """
        if closure is not None:
            function(f"{type(self).__name__}.step: closure", closure, "a function without arguments")
        loss = None if closure is None else closure()
        start = 0
        for group in self.param_groups:
            params = group["params"]
            states = self.state[start:start + len(params)]
            start += len(params)
            numbers = {name: group[name] for name in self.options}
            engine = reverse.values_in_c if isinstance(params[0], BaseValue) else reverse.in_c
            if engine is not None and self._step_in_c(engine, params, states, **numbers):
                continue
            for p, state in zip(params, states):
                if p.has_grad:
                    x, g = p._data, data_of(p._grad)
                    if self.elementwise and type(x) is np.ndarray and x.nbytes > SMALL:
                        p._take(in_blocks(self.update, x, g, state, numbers))
                    else:
                        p._take(self.update(x, g, state, **numbers))
        return loss

    def _step_in_c(self, engine: Any, params: list[Any], states: list[State], **numbers: Any) -> bool:
        """Let C take the step of one group. True if it did; False if it cannot, and then nothing has changed.

        `engine` is the one of the group's first parameter: the engine of Values or that of Tensors.
        """
        return False

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        for p in self.params:
            p.zero_grad()

    # --- state ----------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """A copy of all that later steps depend on besides the parameters, as arrays and plain numbers.

        {"optimizer": its name,
         "param_groups": [{name: number, "params": [place, ...]}, ...],
         "state": [{name: number or array}, ...]}; "state" has one dict for each parameter, in their order.

        >>> from autograd_nn import Value, optim
        >>> optim.SGD([Value(1.0)], lr=0.1).state_dict()["param_groups"][0]["lr"]
        0.1
        """
        groups, start = [], 0
        for group in self.param_groups:
            places = list(range(start, start + len(group["params"])))
            groups.append({**group, "params": places})
            start += len(places)
        return {"optimizer": type(self).__name__, "param_groups": groups,
                "state": [{k: _copied(x) for k, x in state.items()} for state in self.state]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what state_dict() gave. Later steps then have the same bits as if nothing had been saved.

        Raises StateError if the state is another optimizer's or does not fit the parameters; then nothing
        is loaded.
        """
        name = type(self).__name__
        try:
            kind = state["optimizer"]
            groups = [dict(group) for group in state["param_groups"]]
            sizes = [len(group.pop("params")) for group in groups]
            states = [dict(entries) for entries in state["state"]]
        except Exception:                            # whatever a nest of other things raises
            raise StateError(f"{name}.load_state_dict: this is no state of an optimizer\n"
                             "  help: it takes what state_dict() gave") from None
        problems = [f"it is the state of {kind!s:.60}"] if kind != name else []
        own = [len(group["params"]) for group in self.param_groups]
        if sizes != own or len(states) != len(self.params):
            problems.append(f"it has {_in_groups(sizes)}, and this one has {_in_groups(own)}")
        for group in groups:
            if group.keys() - {"initial_lr"} != set(self.options):
                problems.append(f"its numbers are {', '.join(map(str, group)):.200}, not {', '.join(self.options)}")
                continue
            try:
                group.update({key: self._checked(key, group[key]) for key in self.options})
                self._fit_together(**{key: group[key] for key in self.options})
                if "initial_lr" in group:
                    group["initial_lr"] = non_negative("initial_lr", group["initial_lr"])
            except UsageError as error:
                problems.append(str(error))
        for i, (p, entries) in enumerate(zip(self.params, states)):
            problems += [f"{key!s:.60} of parameter {i}: {_described(x)} in the state, {p.shape} in the parameter"
                         for key, x in entries.items() if not _is_of(x, p)]
        if problems:
            raise StateError("\n  ".join([f"{name}.load_state_dict: the state does not fit", *problems[:50]]))
        for group, new in zip(self.param_groups, groups):
            group.update(new)
        self.state = [{k: _owned(x, p) for k, x in entries.items()} for p, entries in zip(self.params, states)]

    def _checked(self, name: str, x: Any) -> Any:
        """A number that is set after the start, checked: by then a rate may be 0."""
        return non_negative(name, x) if name == "lr" else self.options[name](name, x)

    def __repr__(self) -> str:
        groups = [", ".join([f"{len(group['params'])} parameters",
                             *(f"{name}={group[name]!r}" for name in self.options)]) for group in self.param_groups]
        return f"{type(self).__name__}({'; '.join(groups)})"


class _OfAllGroups:
    """An attribute of the optimizer that stands for a number of its groups."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Optimizer | None, kind: type[Optimizer]) -> Any:
        if optimizer is None:
            return self
        first, *others = [group[self.name] for group in optimizer.param_groups]
        if any(x != first for x in others):
            raise UsageError(f"the groups differ in {self.name}: {', '.join(map(repr, [first, *others]))}\n"
                             f"  help: optimizer.param_groups[i][{self.name!r}]")
        return first

    def __set__(self, optimizer: Optimizer, x: Any) -> None:
        x = optimizer._checked(self.name, x)
        for group in optimizer.param_groups:
            group[self.name] = x


def _in_groups(sizes: list[int]) -> str:
    return f"{' + '.join(map(str, sizes))} parameters" + (f" in {len(sizes)} groups" if len(sizes) > 1 else "")


def _is_of(x: Any, p: Any) -> bool:
    """Whether the state of parameter p may hold x: a count, a number, or numbers of the parameter's shape."""
    if isinstance(x, (bool, int)):
        return not isinstance(x, bool) and 0 <= x <= MOST_STEPS
    return isinstance(x, float) or (isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f"
                                    and x.shape in ((), p.shape))


def _described(x: Any) -> str:
    whole = isinstance(x, (np.ndarray, np.generic))
    return f"{x.dtype} {x.shape}" if whole else f"{type(x).__name__} {shown_in_error(x)}"


def _owned(x: Any, p: Any) -> Any:
    """An entry of a state as a step of parameter p changes it: an array of its shape is the optimizer's own."""
    single = isinstance(x, (np.ndarray, np.floating)) and x.shape == () and (isinstance(p, BaseValue) or p.shape)
    return float(x) if single else _copied(x)


def _copied(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else np.array(x) if isinstance(x, np.generic) else x
