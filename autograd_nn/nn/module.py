"""Module: a part of a network. Its attributes are the tree of its parts and parameters."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..core import modes
from ..core.node import Node
from ..core.options import flag, float_dtype, string
from ..core.tensor import Tensor
from ..core.value import BaseValue
from ..core.variables import was_made
from ..errors import AutogradError, StateError, UsageError
from ..tree._containers import enter
from . import _files, _state
from ._buffer import Buffer
from ._located import located
from ._tree import ModuleBranch, named_parts

if TYPE_CHECKING:
    from ._layer_table import Summary

Array = np.ndarray[Any, Any]
NEAR = 6                        # names that an error lists


class Module:
    """A part of a network; a subclass makes its parameters in `__init__` and writes `forward`.

    The attributes are the tree: a leaf Tensor or Value is a parameter, a Module is a part, and
    lists, tuples, dicts, dataclasses, NumPy object arrays and other containers of `autograd_nn.tree`
    hold more of them. There is nothing to register and no `super().__init__()` to call. What is
    reached twice counts once, under its first name.

    >>> from autograd_nn import Tensor, nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         self.factor = Tensor([2.0, 3.0])
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> scale = Scale()
    >>> scale(10.0).data, [name for name, _ in scale.named_parameters()]
    (array([20., 30.]), ['factor'])
    >>> scale
    Scale()
      factor: Tensor (2,) float64
    """

    training: bool = True
    """Whether train() or eval() was called last: what dropout and its like look at."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; `module(x)` calls it."""
        raise UsageError(f"{type(self).__name__} has no forward(self, x): a Module must define what it computes")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if modes.special and modes.mode.call is not None:
                return modes.mode.call(self, args, kwargs)
            return self.forward(*args, **kwargs)
        except AutogradError as error:
            located(error, self)
            raise
        except TypeError as error:
            if not str(error).startswith(f"{self.forward.__qualname__}() "):
                raise
            raise UsageError(str(error)) from None       # of the call itself, which does not fit the signature

    # --- the tree -------------------------------------------------------------------------------
    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """(dotted name, leaf) of each parameter, in the order in which the attributes were set.

        >>> from autograd_nn import nn
        >>> [name for name, _ in nn.Neuron(2, rng=0).named_parameters()]
        ['weight.0', 'weight.1', 'bias']
        """
        seen: set[int] = set()
        for name, thing in _walk(self):
            for part, leaf in _leaves(name, thing):
                if id(leaf) not in seen:
                    seen.add(id(leaf))
                    yield part, leaf

    def parameters(self) -> Iterator[Any]:
        """Each parameter, once.

        >>> from autograd_nn import nn
        >>> sum(p.size for p in nn.Linear(3, 2).parameters())
        8
        """
        return (leaf for _, leaf in self.named_parameters())

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """(dotted name, module) of this module, whose name is "", and of each one below."""
        yield "", self
        yield from ((name, thing) for name, thing in _walk(self) if isinstance(thing, Module))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of the modules directly below, also those in lists and dicts."""
        return ((name, thing) for name, thing in _walk(self, deep=False) if isinstance(thing, Module))

    def children(self) -> Iterator[Module]:
        """The modules directly below."""
        return (module for _, module in self.named_children())

    # --- modes, gradients, dtype ----------------------------------------------------------------
    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in every module below; returns self."""
        mode = flag(f"{type(self).__name__}.train: mode", mode)
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """The same as train(False)."""
        return self.train(False)

    def requires_grad_(self, on: bool = True, *names: str) -> Self:
        """Free the parameters, or with False hold them fixed: all, or those of these names; returns self.

        names   dotted names, of parameters or of what holds some: a module, a list, an array of Values

        A fixed parameter is a constant of every computation (see `Tensor.requires_grad`): it has no gradient, no
        optimizer changes it, and for a transform it is a part of the model's structure. It may be fixed and freed
        in the middle of training; an optimizer keeps what it remembers of it. Which parameters are fixed is no part
        of the state: copies and pickles carry it, state_dict() and files do not.

        Raises UsageError for a name of nothing that holds parameters; none is changed then.

        >>> from autograd_nn import nn
        >>> lstm = nn.LSTM(2, 3, rng=0).requires_grad_(False, "bias_hh_l0")
        >>> [name for name, p in lstm.named_parameters() if not p.requires_grad]
        ['bias_hh_l0']
        >>> lstm
        LSTM(2, 3)  (fixed: bias_hh_l0)
        """
        on = flag(f"{type(self).__name__}.requires_grad_: on", on)
        found = [self._named(name) for name in names] if names else [[*self.parameters()]]
        for leaf in [leaf for leaves in found for leaf in leaves]:
            leaf.requires_grad = on
        return self

    def _named(self, name: str) -> list[Any]:
        """The parameters in what has this dotted name, also where it is reached under another one first."""
        stack: list[tuple[str, Any]] = [(string(f"{type(self).__name__}.requires_grad_: a name", name), self)]
        found: list[Any] = []
        while stack:
            rest, thing = stack.pop()
            for key, part in named_parts("", thing):
                if f"{key}.".startswith(f"{rest}."):
                    found += [leaf for _, x in [("", part), *_walk(part)] if _holds_parameters(x)
                              for _, leaf in _leaves("", x)]
                elif f"{rest}.".startswith(f"{key}."):
                    stack.append((rest[len(key) + 1:], part))
        if not found:
            known = list(dict.fromkeys(".".join(parts[:n]) for parts in (name.split(".") for name, _ in
                                       self.named_parameters()) for n in range(1, len(parts) + 1)))
            from difflib import get_close_matches
            near = get_close_matches(name, known, NEAR, 0.4) or known
            raise UsageError(f"{type(self).__name__}.requires_grad_: {name!r} is no parameter, and nothing that holds "
                             f"some\n  help: there is {', '.join(near[:NEAR])}{', …' * (len(near) > NEAR)}")
        return found

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        for p in self.parameters():
            p.zero_grad()

    def astype(self, dtype: Any) -> Self:
        """Cast every Tensor parameter in place, and forget its gradient; returns self.

        The Tensors stay the same objects, so an optimizer keeps them. Values are always float64.
        Raises DTypeError for a dtype that is not floating point.

        >>> import numpy as np
        >>> from autograd_nn import nn
        >>> nn.Linear(2, 1, rng=0).astype(np.float64).weight.dtype
        dtype('float64')
        """
        dtype = float_dtype("astype: dtype", dtype)
        for p in self.parameters():
            if isinstance(p, Tensor):
                data = p._data.astype(dtype)
                data.setflags(write=False)
                p._data, p._grad = data, None
        for thing in self._state().values():
            if isinstance(thing, Buffer):
                thing.astype(dtype)
        return self

    # --- state ----------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Array]:
        """Name -> array of each parameter and Buffer: what save() writes and load_state_dict() takes.

        The arrays of Tensors are read-only and not copied; a training step replaces them and
        leaves these as they are. A Value is an array of shape (), an object array of Values is one
        float64 array under its own name.

        >>> from autograd_nn import nn
        >>> {name: a.shape for name, a in nn.Layer(3, 2, rng=0).state_dict().items()}
        {'weight': (2, 3), 'bias': (2,)}
        """
        return {name: _state.state_array(thing) for name, thing in self._state().items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Take over arrays as state_dict() gives them; each is cast to its parameter's dtype.

        Raises StateError, which lists every name that is missing, unexpected, of another shape or
        no array of real numbers; nothing is loaded then. With `strict=False` missing and unexpected
        names are passed over.
        """
        self._load(state, strict, "load_state_dict")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the parameters to a safetensors file, whole or not at all.

        Raises OSError where the file cannot be written, DTypeError for a longdouble parameter.

        >>> import tempfile, os
        >>> from autograd_nn import nn
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "net.safetensors")
        ...     nn.Linear(2, 1, rng=0).save(path)
        ...     nn.Linear(2, 1, rng=0).load(path)
        Linear(2, 1)
        """
        _files.write(path, self.state_dict())

    def load(self, path: str | os.PathLike[str], strict: bool = True) -> Self:
        """Read the parameters from a file that save() wrote; returns self.

        Raises FileNotFoundError where there is none, StateError for a file that is damaged, of
        another format, or of another model (see load_state_dict); nothing is loaded then.
        """
        self._load(_files.read(path)[0], strict, f"load: {os.fspath(path)}")
        return self

    def _state(self) -> dict[str, Any]:
        """What the state is made of, by name: leaf nodes, and arrays of Values."""
        state: dict[str, Any] = {}
        for name, thing in _walk(self):
            if not isinstance(thing, Module):
                if name in state:
                    raise StateError(f"{type(self).__name__}: two parameters are named {name!r}\n"
                                     "  help: a dict of parts needs keys that differ as text, without dots")
                state[name] = thing
        return state

    def _load(self, state: Mapping[str, Any], strict: bool, source: str) -> None:
        _state.load_arrays(self._state(), state, strict, f"{source}: the state does not fit this {type(self).__name__}")

    # --- as text --------------------------------------------------------------------------------
    def summary(self, *inputs: Any) -> Summary:
        """A table of the layers that one forward pass goes through: outputs, parameters, multiply-adds, memory.

        inputs      what the model takes: an example, or a tuple of integers, the shape of one, with its rows.
                    For integers, as an Embedding takes them, give an example

        The pass runs in eval() and changes nothing. Counted are the operations that it really makes, wherever
        they stand: multiply-adds of matrix products, convolutions and sums of products, and the bytes of the
        arrays that are kept for backward(). What runs inside `checkpoint` is not seen. Raises UsageError
        without an input, and what the model raises.

        >>> from autograd_nn import nn
        >>> print(nn.MLP(2, 16, 1).summary((8, 2)))
        layer               output   parameters  multiply-adds  activations
        ───────────────────────────────────────────────────────────────────
        MLP                 (8, 1)
          layers.0: Linear  (8, 16)          48            256        512 B
          activation: ReLU  (8, 16)                                   512 B
          layers.1: Linear  (8, 1)           17            128         32 B
        ───────────────────────────────────────────────────────────────────
        total                                65            384     1.03 KiB
        The parameters take 260 B.
        """
        from ._layer_table import summarise
        return summarise(self, inputs)

    def extra_repr(self) -> str:
        """What repr() shows in the parentheses; a module that says something lists no parameters."""
        return ""

    def __repr__(self) -> str:
        lines: list[str] = []
        stack: list[tuple[int, str, Module]] = [(0, "", self)]
        seen: set[int] = set()
        while stack:
            depth, label, module = stack.pop()
            extra = module.extra_repr()
            again = id(module) in seen
            note = "  (the same as above)" if again else _which_are_fixed(module) if extra else ""
            lines.append(f"{'  ' * depth}{label}{type(module).__name__}({extra}){note}")
            if again:
                continue
            seen.add(id(module))
            below = list(_walk(module, deep=False))
            lines += [f"{'  ' * (depth + 1)}{name}: {_summary(thing)}" for name, thing in below
                      if not extra and not isinstance(thing, Module)]
            stack += [(depth + 1, f"{name}: ", thing) for name, thing in reversed(below) if isinstance(thing, Module)]
        return "\n".join(lines)


enter(Module, ModuleBranch)


# --- walking the tree -------------------------------------------------------------------------------

def _walk(root: Module, *, deep: bool = True) -> Iterator[tuple[str, Any]]:
    """(dotted name, thing) of the modules, leaf nodes and arrays of Values below, each once."""
    seen = {id(root)}
    stack = named_parts("", root)[::-1]
    while stack:
        name, thing = stack.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, Module) or _holds_parameters(thing):
            yield name, thing
            if not (deep and isinstance(thing, Module)):
                continue
        stack += named_parts(name, thing)[::-1]


def _holds_parameters(thing: Any) -> bool:
    """Whether it is a leaf node or a Buffer, or an array of Values that are all leaves."""
    if isinstance(thing, np.ndarray):
        return thing.dtype == object and thing.size > 0 and all(
            isinstance(v, BaseValue) and not was_made(v) for v in thing.flat)
    return isinstance(thing, Buffer) or (isinstance(thing, Node) and not was_made(thing))


def _leaves(name: str, thing: Any) -> list[tuple[str, Any]]:
    if isinstance(thing, np.ndarray):
        return named_parts(name, thing)
    return [(name, thing)] if isinstance(thing, Node) else []


def _which_are_fixed(module: Module) -> str:
    own = [pair for name, thing in _walk(module, deep=False) for pair in _leaves(name, thing)]
    fixed = [name for name, leaf in own if not leaf.requires_grad]
    if not fixed:
        return ""
    return "  (fixed)" if len(fixed) == len(own) else f"  (fixed: {', '.join(fixed)})"


def _summary(thing: Any) -> str:
    if isinstance(thing, Buffer):
        return repr(thing)
    if isinstance(thing, Tensor):
        text = f"Tensor {thing.shape} {thing.dtype}"
    else:
        text = "Value" if isinstance(thing, Node) else f"Values {thing.shape}"
    fixed = [leaf for _, leaf in _leaves("", thing) if not leaf.requires_grad]
    return f"{text}, fixed{f' {len(fixed)}' if len(fixed) < np.size(thing) else ''}" if fixed else text
