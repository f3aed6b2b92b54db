"""Sets up the engines in C: gives them what they need from Python. `value.py` and `tensor.py` say what they must do."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from functools import partial, update_wrapper
from typing import Any, NoReturn

import numpy as np

from ..native import load
from ..ops import OPS, Op, _carriers, _frozen, for_each_op
from ..ops._bind import InOneStep
from ..ops._carriers import carrier
from ..ops.networks import _sliding
from . import modes, reverse
from .fixed import COMPUTED
from .leaks import finite
from .methods import is_operand, op_of_ufunc
from .node import NOTHING, Node
from .operands import constant, kept_params

SCALARS = (*{kind for kind in np.sctypeDict.values() if issubclass(kind, (np.floating, np.integer))}, np.bool_, bool)
"""The types of numbers that become a float beside a Value."""

# --- Value ------------------------------------------------------------------------------------------

def native_value(base: Any, apply: Callable[..., Any], number: Callable[[Any], float],
                 refuse_data: Callable[[Any], NoReturn], refuse_grad: Callable[[Any], NoReturn]) -> Any:
    """The Value of the engine in C; None where it is not compiled, or not wanted.

    base     its base class
    apply    `apply(kind, op, args, params)` does in Python what C leaves undone: arrays, a user's own op, a mode
    number   makes a float of what a user gives as one
    refuse_data   raises the error where the data of a node is assigned that is no leaf
    refuse_grad   raises the error where the gradient of a leaf is assigned that is fixed
    """
    in_c = load("_value")
    if in_c is None:
        return None

    def backward(root: Node, seed: Any, create_graph: bool) -> None:
        reverse.backward(root, None if seed is None else number(seed), create_graph=create_graph)

    kind = in_c.setup(base, OPS, NOTHING, number, _operator, backward, refuse_data, base.__array_ufunc__,
                      _ufuncs(), SCALARS, refuse_grad)
    in_python = partial(apply, kind)

    def in_c_or_python(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        node = in_c.apply(op, args, params)
        return in_python(op, args, params) if node is None else node

    carrier("Value", kind, in_c_or_python, below="_data")
    modes.tell_modes(in_c.set_modes)
    reverse.values_in_c = in_c
    _carriers.on_each_value = in_c.each

    def after_the_collector(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            in_c.free_cycles(Node)
    gc.callbacks.append(after_the_collector)
    return kind


def _ufuncs() -> dict[Any, Op]:
    """NumPy's ufuncs that are an op of numbers."""
    named = {ufunc: op_of_ufunc(ufunc) for ufunc in vars(np).values() if isinstance(ufunc, np.ufunc)}
    return {ufunc: op for ufunc, op in named.items() if isinstance(op, Op) and op.elementwise}


def _operator(op: Op, left: Any, right: Any, *rest: Any) -> Any:
    """An operator of a Value whose operands are not just Values and floats; the rest is the modulus of pow."""
    return op(left, right, *rest) if is_operand(left) and is_operand(right) else NotImplemented


# --- Tensor -----------------------------------------------------------------------------------------

def install_tensors(Tensor: Any, apply: Callable[..., Any], not_in_c: Op) -> None:
    """Let C do the usual cases of `tensor.py` and `reverse.py`, where it is compiled and wanted.

    `apply` is Python's way to run an op on Tensors: C calls it for the cases that it does not serve, and it always runs
    the op `not_in_c`.
    """
    def use(in_c: Any) -> None:
        in_c.setup(Tensor, Node, _frozen.Memory, NOTHING, constant, kept_params, reverse.fitted, finite,
                   *_errors_ignored(), COMPUTED)
        reverse.in_c = in_c
        _frozen.quick, _frozen.quick_same = in_c.frozen, in_c.same_bits
        modes.tell_modes(in_c.set_modes)

        def in_c_or_python(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
            node = in_c.apply(op, args, params) if op is not not_in_c else None
            return apply(op, args, params) if node is None else node
        carrier("Tensor", Tensor, in_c_or_python, below="_data")
        for_each_op(partial(_quicken, Tensor, in_c))
        InOneStep.in_c = staticmethod(partial(_in_one_step, in_c))
    load("_tensor", use)
    _sliding.quick = load("_windows")


def _quicken(Tensor: Any, in_c: Any, op: Op) -> None:
    """Replace the array function, the methods and the operators of an op by quicker ones in C."""
    if op.is_own:
        op.array = _in_one_step(in_c, op.name, op.array)
    def install(name: str, reflected: bool = False) -> None:
        method = getattr(Tensor, name)
        quick = in_c.method(method, op, op.params, op.arity, reflected)
        setattr(Tensor, name, update_wrapper(quick, method))

    if op.arity == 1 and getattr(getattr(Tensor, op.name, None), "op", None) is op:
        install(op.name)
    if op.dunder and op.arity in (1, 2):
        install(f"__{op.dunder}__")
        if op.arity == 2:
            install(f"__r{op.dunder}__", reflected=True)


def _in_one_step(in_c: Any, name: str, python: Callable[..., Any]) -> Any:
    """A function of arrays as C does it, which falls back on Python's; that itself where C does not know the name."""
    quick = in_c.array_function(name, python)
    return python if quick is None else update_wrapper(quick, python)


def _errors_ignored() -> tuple[ContextVar[Any], Any]:
    """The context variable that np.errstate sets, and the value that means: ignore every error.

    NumPy says that its error state belongs to the context (of contextvars), not which variable it is. It is the one
    that differs between two states. Setting it takes a quarter of the time of a function under @np.errstate, and an
    eighth of the time of `with np.errstate`, which would be a fifth of a small backward pass.
    """
    with np.errstate(all="raise"):
        loud = copy_context()
    with np.errstate(all="ignore"):
        quiet = copy_context()
    differing = [(variable, value) for variable, value in quiet.items() if loud.get(variable) is not value]
    if len(differing) != 1:
        raise ImportError("this NumPy does not keep its error state in a context variable")
    return differing[0]
