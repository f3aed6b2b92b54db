"""One operation: what it computes, how it differentiates, how it is written, where it is smooth."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..errors import AutogradError, GraphError, UsageError, blame
from ._bind import Bindable, Each, Rule, bind, ieee, ieee_traced
from ._call import op_inputs_and_params
from ._carriers import BATCHED, CARRIERS, NUMBER
from ._docstring import Docstring
from ._fields import check_fields
from ._level import Level
from ._misfit import of_broadcast
from ._refusal import RAW, refused, shown_in_error

OPS: dict[str, Op] = {}
"""Every op by name, in order of definition."""

# What is called with each op that is added to the table, and with each that is taken out: see for_each_op.
_meetings: list[Callable[[Op], None]] = []
_partings: list[Callable[[Op], None]] = []

Domain = tuple[float, float] | frozenset[float]
Case = tuple[tuple[Any, ...], dict[str, Any]]


class Op(Bindable):
    """An operation of the graph: one entry of the op table.

    A rule (one per input, or None where an input has no derivative) takes the cotangent `g` of
    the output, the output `y` and the inputs, and returns the cotangent of its input. It may use
    operators and other ops, nothing else, so it runs on floats, arrays, nodes, duals and symbols.

    name        the function's name; NumPy's where NumPy has the function
    scalar      the op on floats, or None for an op on whole arrays
    array       the op on ndarrays (a ufunc where there is one); a float32 array stays float32
    vjps        the rules
    tex, c      how it is written: `{0}`, `{1}` stand for the inputs, `{alpha}` for a parameter
    text        the same in a line of text, with Python's signs: "{0} + {1}", "|{0}|"; or a name to call it by;
                by default a call
    written     the rules as textbooks write them, where those above are computed otherwise to keep their digits
    level       how tightly that holds together; by default it follows from the signs in it
    terms       for a sum of many inputs: how many there are -> the inputs that are multiplied, for each term
    neutral     for each of two inputs the number beside which the op gives the other one, or None
    absorbing   for each of two inputs the number beside which the op gives that number, or None
    symbol      the label in pictures; the name where none is given
    dunder      the operator: "add" makes `__add__` and, for two inputs, `__radd__`
    params      keyword parameters with their defaults; they may be given by position as well
    domain      one open interval (or set of numbers) per input, where the op is defined and tests draw
    kink        a function of the inputs that is 0 just where the op is not differentiable
    cases       for array ops: (shapes, params) on which the generated tests run; an array in the place
                of a shape is the input itself, where the op is not defined everywhere
    zero        True where the derivative is 0 wherever it exists
    unguarded   True where an inf or nan of its rules is told under a cotangent that is 0 at this point alone
    method      whether Value (elementwise ops) and Tensor have it as a method
    layer       the name of its module in `nn`, for an activation
    internal    whether it stays in `ops`, without a method: a helper of rules, or public elsewhere (`linalg.inv`)
    commutes    True where the order of the inputs makes no difference
    slots       the names of the inputs, for pictures and errors; "w*" stands for w1, w2 and so on
    shaped_by   the inputs that make another function of the op where they are constants, as an exponent does
    linear      the inputs in which the op is linear, all of them together; True: in all that it has. Where there are
                several such groups, a tuple of them: ((0, 2), (1, 2)) for x w + b
    multilinear True where the op is linear in each input by itself, as a product is
    jvps        one rule for each input, or None, of an op on whole arrays: it takes the tangent `t` of its input in
                the place of g, and returns the tangent of y. Where there is none, and the op is not linear in that
                input, forward mode transposes the rule in `vjps`
    complex     the op on complex inputs, where it is not linear: a function of them (by operators, ops, .real
                and .imag) that gives a pair of real and imaginary part, or a result as it is
    steepest    of an activation, its steepest slope
    range       the closed interval in which the results lie; a bounded activation saturates
    ulps        of an elementwise op: how many units in the last place its value, first and second derivatives
                may be off (DERIVATIVES.md says what a unit is)
    loses       why, where that is more than a few
    cost        a function of the inputs' shapes, the output's shape and the parameters: the multiply-adds
    misfit      a function of the inputs' shapes that says which sizes do not fit, or None
    expansion   a function of the inputs: the same op by simpler ones, which draw(expand=True) shows
    variants    other ops that a keyword chooses, or None for this one, the first: {"approximate": {"none": None,
                "tanh": gelu_tanh}} makes gelu(x, approximate="tanh") a call of gelu_tanh
    ufunc_method  the method of a ufunc that is this op, such as np.add.reduce
    lanes       how an op on arrays runs in many lanes at once, one of the forms in `_lanes.py`; None: in one lane
                after the other

    >>> from autograd_nn import Value
    >>> from autograd_nn.ops import Op
    >>> cube = Op("cube", lambda x: x * x * x, lambda x: x * x * x,
    ...           lambda g, y, x: g * 3 * x * x, tex="{0}^3")
    >>> v = Value(2.0)
    >>> cube(v).backward()
    >>> v.grad
    12.0
    >>> cube.forget()
    """

    def __init__(self, name: str, scalar: Callable[..., float] | None, array: Callable[..., Any],
                 *vjps: Rule | Each | None, tex: str, c: str | None = None,
                 text: str | None = None, written: Sequence[Rule] = (), level: Level | None = None,
                 terms: Callable[[int], Sequence[Sequence[int]]] | None = None,
                 neutral: Sequence[float | None] = (), absorbing: Sequence[float | None] = (),
                 symbol: str | None = None, dunder: str | None = None,
                 params: Mapping[str, Any] | None = None,
                 domain: Sequence[Domain] = (), kink: Callable[..., float] | None = None,
                 cases: Sequence[Case] = (), zero: bool = False, unguarded: bool = False, method: bool = True,
                 internal: bool = False, layer: str | None = None,
                 commutes: bool = False, slots: Sequence[str] = (), shaped_by: Sequence[int] = (),
                 linear: Literal[True] | Sequence[int] | Sequence[Sequence[int]] = (), multilinear: bool = False,
                 jvps: Sequence[Rule | None] = (),
                 complex: Callable[..., Any] | None = None,
                 steepest: float | None = None, range: tuple[float, float] = (-np.inf, np.inf),
                 ulps: tuple[float, float, float] | None = None, loses: str = "",
                 cost: Callable[..., int] | None = None, misfit: Callable[..., str | None] | None = None,
                 expansion: Callable[..., Any] | None = None,
                 variants: Mapping[str, Mapping[str, Op | None]] | None = None,
                 ufunc_method: Callable[..., Any] | None = None,
                 lanes: Callable[..., Any] | None = None) -> None:
        given = {**locals()}
        if not isinstance(name, str):
            raise UsageError(f"Op: name must be a string, not {shown_in_error(name)}")
        self.module = _module_of(self)
        if name in OPS and OPS[name].module == self.module:
            OPS[name].forget()                           # a module, or a cell of a notebook, that runs again
        if name in OPS:
            raise UsageError(f"an op named {name!r} exists already, from {OPS[name].module}; "
                             "give this one another name")
        if not vjps or not all(rule is None or callable(rule) or isinstance(rule, Each) for rule in vjps):
            raise UsageError(f"Op: {shown_in_error(name)} needs a rule for each input, a function or None")
        if not (callable(array) and (scalar is None or callable(scalar))):
            raise UsageError(f"Op: scalar and array of {shown_in_error(name)} must be functions (scalar may be None)")
        if not name.isidentifier():
            raise UsageError(f"an op's name must be an identifier, for it becomes a function: {name!r}")
        self.name = name
        self.scalar, self.array = scalar, array
        self.vjps: Sequence[Rule | None] | Each
        self.vjps = vjps[0] if isinstance(vjps[0], Each) else tuple(vjps)  # type: ignore[arg-type]
        self.arity = -1 if isinstance(self.vjps, Each) else len(self.vjps)
        if not self.is_own:                              # those of the package are checked by a test
            check_fields(name, self.arity, given, Op.__init__.__kwdefaults__ or {})
        self.tex, self.c = tex, c
        self.text, self.level, self.terms = text, level, terms
        self.written: Sequence[Rule | None] | Each = tuple(written) or self.vjps
        self.neutral, self.absorbing = tuple(neutral), tuple(absorbing)
        self.symbol, self.dunder = symbol or name, dunder
        self.params = dict(params or {})
        self.domain = tuple(domain) or ((-3.0, 3.0),) * max(self.arity, 1)
        self.kink, self.cases, self.zero, self.unguarded = kink, tuple(cases), zero, unguarded
        self.method, self.internal, self.layer = method and not internal, internal, layer
        self.commutes, self.slots, self.shaped_by = commutes, tuple(slots), tuple(shaped_by)
        self.linear: Literal[True] | tuple[int, ...] | tuple[Sequence[int], ...]
        self.linear = linear if linear is True else tuple(linear)  # type: ignore[assignment]
        self.multilinear, self.complex, self.jvps = multilinear, complex, tuple(jvps)
        self.steepest, self.range, self.cost = steepest, range, cost
        self.ulps, self.loses = ulps, loses
        self.misfit = misfit or (of_broadcast if self.elementwise else None)
        self.expansion, self.ufunc_method, self.lanes = expansion, ufunc_method, lanes
        self.variants = dict(variants or {})
        OPS[name] = self
        for meet in _meetings:
            meet(self)

    @property
    def elementwise(self) -> bool:
        """Whether the op works element by element on a fixed number of inputs, and so on floats too."""
        return self.scalar is not None and self.arity > 0

    def is_linear_in(self, slots: Iterable[int]) -> bool:
        """Whether the op is linear in these inputs together, the others being held."""
        try:
            asked = set(slots)
            return not asked or any(asked <= set(group) for group in self.linear_groups(max(asked) + 1))
        except TypeError:
            raise UsageError(f"is_linear_in: slots are numbers of inputs, not {shown_in_error(slots)}") from None

    def linear_groups(self, n: int) -> Sequence[Sequence[int]]:
        """The groups of inputs in which the op, called with n inputs, is linear together, the others being held."""
        if self.linear is True:
            return [range(n)]
        if self.multilinear:
            return [(i,) for i in range(n)]
        return self._linear_groups

    @cached_property
    def _linear_groups(self) -> Sequence[Sequence[int]]:
        """What `linear` says, in one form."""
        groups: Any = () if self.linear is True else self.linear
        return [groups] if groups and isinstance(groups[0], int) else groups

    @cached_property
    def is_bounded(self) -> bool:
        """Whether the results lie in a finite interval."""
        return bool(np.isfinite(self.range).all())

    def forget(self) -> None:
        """Take the op out of the table, and its methods with it; it may then be defined again."""
        OPS.pop(self.name, None)
        for part in _partings:
            part(self)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return op_named, (self.name, self.module)

    def __copy__(self) -> Op:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Op:
        return self

    @cached_property
    def parts_of_tangent(self) -> dict[tuple[int, int], list[Any]]:
        """What forward mode has found out of which inputs can be served together, for it to keep."""
        return {}

    @cached_property
    def array_jvps(self) -> Sequence[Rule | None]:
        """The rules of tangents bound to ndarrays."""
        return tuple(rule and bind(rule, "array") for rule in self.jvps)

    def __call__(self, *args: Any, **params: Any) -> Any:
        try:
            if len(args) != self.arity or params:
                op, args, params, own = op_inputs_and_params(self, args, params)
            else:
                op, params, own = self, self.params, False
            top = NUMBER if not own else next(c for c in CARRIERS.values() if c.rank == BATCHED)
            for arg in args:
                carrier = CARRIERS[type(arg)]
                if carrier.rank > top.rank:
                    top = carrier
            return top.apply(op, args, params)
        except Exception as error:
            if isinstance(error, AutogradError) or not isinstance(error, RAW) or not self.is_own:
                blame(error, self, args)
                raise
            told = refused(self.name, args, params, error)
            blame(told, self, args)
            raise told from None

    @cached_property
    def is_own(self) -> bool:
        """Whether this package defines the op. An error in an op of the reader's own is shown as it is."""
        return self.module.partition(".")[0] == __name__.partition(".")[0]

    @cached_property
    def number(self) -> Callable[..., float]:
        """The op on floats, with IEEE's inf and nan where Python's math raises."""
        if self.scalar is None:
            raise UsageError(f"{self.name} works on whole arrays, and has no version for single numbers")
        return ieee(self.scalar, self.array)

    @cached_property
    def scalar_rules(self) -> Sequence[Rule | None] | Each:
        """The rules bound to floats as they are: they raise where Python's math does."""
        if isinstance(self.vjps, Each):
            return Each(bind(self.vjps.rule, "scalar"))
        return tuple(rule and bind(rule, "scalar") for rule in self.vjps)

    @cached_property
    def float_rules(self) -> Sequence[Rule | None] | Each:
        """The rules bound to floats, with IEEE's inf and nan where Python's math raises."""
        if isinstance(self.vjps, Each):
            return self.scalar_rules                 # sums and products, which never raise
        return tuple(rule and ieee(bind(rule, "scalar"), bind(rule, "array")) for rule in self.vjps)

    @cached_property
    def traced_rules(self) -> Sequence[Rule | None] | Each:
        """The rules as they are, for nodes and duals, with IEEE's inf and nan where Python's floats raise."""
        if not self.elementwise:
            return self.vjps
        return tuple(rule and ieee_traced(rule) for rule in self.vjps)

    @cached_property
    def array_rules(self) -> Sequence[Rule | None] | Each:
        """The rules bound to ndarrays: each op that they name is its plain array function."""
        if isinstance(self.vjps, Each):
            return Each(bind(self.vjps.rule, "array"))
        return tuple(rule and bind(rule, "array") for rule in self.vjps)

    def bound(self, kind: str) -> Callable[..., Any]:
        """What a rule that names this op calls on floats ("scalar") or arrays ("array")."""
        plain: Any = self.scalar if isinstance(kind, str) and kind == "scalar" else self.array
        return plain if self.arity >= 0 else lambda xs, **params: plain(*xs, **params)


def _module_of(op: Op) -> str:
    """The module that defines an op: that of the first frame that is no constructor of it."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_locals.get("self") is op:
        frame = frame.f_back
    return frame.f_globals.get("__name__", "__main__")  # type: ignore[no-any-return]


def for_each_op(meet: Callable[[Op], None], part: Callable[[Op], None] | None = None) -> None:
    """Call `meet` with every op of the table, now and whenever one is added; `part` when one is forgotten."""
    if not (callable(meet) and (part is None or callable(part))):
        raise UsageError("for_each_op: meet and part must be functions of an op")
    for op in [*OPS.values()]:
        meet(op)
    _meetings.append(meet)
    if part is not None:
        _partings.append(part)


def op_named(name: str, module: str) -> Op:
    """The op `name`, after importing the module that defines it (unpickling needs this)."""
    if name not in OPS:
        importlib.import_module(module)
    if name not in OPS:
        raise GraphError(f"no op is named {name!r}, and importing {module} did not define it")
    return OPS[name]


Op.__doc__ = Docstring(Op.__doc__ or "")  # type: ignore[assignment]


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a number, array or node."""
    return getattr(x, "shape", ())
