"""check_gradients: the gradient of any callable, against differences and against the laws of calculus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..core.node import Node
from ..core.options import between_0_and_1, flag, items, real_array, string, whole_number
from ..core.random import generator
from ..errors import CheckError, EvaluationError, ShapeError, UsageError
from ..ops._refusal import shown_in_error
from ._framework import framework_of_things
from ._input import CheckedInput
from ._laws import check_laws, hessian_symmetry, random_tangents
from ._locate import Fault, locate_fault
from ._own import Handwritten, OtherFramework, subject_of
from ._report import Checked, Lines, Report
from ._rounding import eps_of
from ._subject import Array, Subject
from ._verdict import Verdict

FEW = 100                        # elements of all inputs: up to this number each is checked, else directions are

MOST = 100                   # directions, or orders of derivatives


def check_gradients(f: Callable[..., Any], *inputs: Any, gradient: Callable[..., Any] | None = None,
                    parameters: Iterable[Any] = (), elements: int | str | None = None, directions: int = 2,
                    cotangents: Any = None, order: int = 1, framework: str | None = None, laws: bool = True,
                    inconclusive: float = 1.0, rng: Any = None) -> Report:
    """Check the gradient of f where it stands: by differences that know their own error, and by equalities.

    f             returns a single number. It is called with a Value for each number among the inputs,
                  a Tensor for each array, and nests of them (lists, dicts, Modules ...) nested alike;
                  dtypes stay as given. Inputs of torch or jax are given to f as such
    gradient      for an f of plain numbers and arrays: its hand-written gradient, which returns one
                  gradient, or a sequence of one for each input
    parameters    leaves that f uses without being given them, as in `model.parameters()`, or pairs
                  (name, leaf), as in `model.named_parameters()`; they are as before in the end. Those that
                  are fixed (`requires_grad`) are constants, and passed over
    elements      check this many random elements of each input, or "all". By default all where there
                  are no more than 100 in all, and else random directions through each input: where
                  one disagrees, it is halved until the wrong elements are named
    directions    how many directions
    cotangents    "random", or an array: check the sum of cotangent * f, for an f that returns an
                  array. A hand-written gradient then takes the cotangent as its last argument
    order         up to which order: 2 checks the gradient of the gradient too, along a random
                  direction, and that the Hessian is symmetric; 3 that gradient's, and so on
    framework     "torch", "jax", "autograd" (HIPS) or "autograd_nn": whose gradient it is. By default the
                  inputs tell; plain numbers and arrays do not, and then what f refers to and returns
    laws          also check that the gradient obeys the laws of `autograd_nn.check`'s README
    inconclusive  the share of inconclusive verdicts that is tolerated, 0 to 1
    rng           draws elements, directions and cotangents

    Returns a `Report`. Raises CheckError with its text where a verdict is "disagree", or where too many
    are inconclusive; its `.report` is the Report. Raises EvaluationError where f raises, is nan or
    changes its inputs, and UsageError, DTypeError, ShapeError or DataError where f or an input cannot
    be checked at all.

    >>> import autograd_nn as ag
    >>> report = check_gradients(lambda x, y: x * ag.sin(y), 2.0, 0.5, rng=0)
    >>> report.ok, report.inconclusive
    (True, 0.0)
    >>> print(report.findings[1])                                         # doctest: +ELLIPSIS
    agree: numeric 1.755165124 +- ..., analytic 1.755165124, at input 1
    >>> check_gradients(lambda x: x ** 3, 2.0, gradient=lambda x: 3.0003 * x ** 2)    # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    autograd_nn.errors.CheckError: gradients DISAGREE: 1 of 1 checks
    ...
    disagree: numeric 12 +- ..., analytic 12.0012, ratio 1.0001, at input 0
    ...
    """
    __tracebackhide__ = True                 # pytest shows the caller's line
    _check_options(elements, directions, order, inconclusive)
    many = cotangents is not None
    parameters = items("check_gradients: parameters", parameters, "Tensors and Values")
    laws = flag("check_gradients: laws", laws)
    if framework is not None:
        string("check_gradients: framework", framework)
    subject = subject_of(f, inputs, gradient, parameters, framework, many)
    if order > 1 and (isinstance(subject, Handwritten) or many):
        raise UsageError("check_gradients: order is for a function whose gradient can be differentiated in turn: "
                         "one that returns a single number, and without a hand-written gradient")
    rng = generator(rng)
    try:
        with subject.at_start(), np.errstate(all="ignore"):
            report = _checked(subject, elements, directions, cotangents, order, laws, rng)
    except OtherFramework as other:
        if framework is not None or parameters or framework_of_things(inputs) is not None:
            raise
        return check_gradients(f, *inputs, elements=elements, directions=directions, cotangents=cotangents,
                               order=order, framework=other.framework, laws=laws, inconclusive=inconclusive, rng=rng)
    if not report.ok or report.inconclusive > inconclusive:
        error = CheckError(str(report) if not report.ok else
                           f"{report}\n{report.inconclusive:.0%} inconclusive, and {inconclusive:.0%} are tolerated")
        error.report = report
        raise error
    return report


def _checked(subject: Subject, elements: int | str | None, directions: int, cotangents: Any, order: int,
             laws: bool, rng: np.random.Generator) -> Report:
    w = _cotangent(subject.first_run(), cotangents, rng)
    if elements is None:
        elements = "all" if sum(a.size for a in subject.start) <= FEW else None
    parts: list[Checked] = []
    faults: tuple[Fault, ...] = ()
    lines: Lines = {}
    found = []
    at = subject
    for k in range(1, order + 1):
        if k > 1:
            at = at.derived(random_tangents(at.start, rng))
        trace = at.trace(at.start)
        gradient = trace.pull(w)
        if laws and k == 1:
            found += check_laws(at, trace, gradient, w, rng)
        elif laws and k == 2:
            found.append(hessian_symmetry(subject, rng))
        wide, in_float64 = _in_float64(at, gradient, w)
        of_order = []
        for i, g in enumerate(gradient):
            second = CheckedInput(wide, i, in_float64[i], w, k, rng, lines) if wide is not None else None
            of_order.append(CheckedInput(at, i, g, w, k, rng, lines, second).checked(elements, directions))
        at.set_parameters(at.start[len(at.likes):])
        parts += of_order
        wrong = any(f.verdict is Verdict.DISAGREE for part in of_order for f in part.findings)
        broken = any(law.verdict is Verdict.DISAGREE for law in found)
        if (wrong or broken) and isinstance(trace.root, Node) and not faults:
            faults = locate_fault(trace.root, disagrees=wrong, rng=rng)
    return Report(tuple(parts), tuple(found), faults, subject.evaluations, lines, subject.framework, subject.origin)


def _in_float64(subject: Subject, gradient: list[Array], w: Array | None) -> tuple[Subject | None, list[Array]]:
    """What can be checked in the place of a function of float32: itself in float64, if its gradient is the same there.

    A kink that lies closer than the steps that float32 allows is not to be told from a slope.
    """
    wide = subject.widened()
    if wide is None:
        return None, []
    try:
        trace = wide.trace(wide.start)
        fine = trace.pull(w)
    except EvaluationError:
        return None, []
    wide.eps = eps_of(*wide.start, trace.value)
    same = all(np.allclose(a, b, rtol=1e-3, atol=1e-4 * np.max(np.abs(b), initial=0.0), equal_nan=True)
               for a, b in zip(gradient, fine))
    return (wide, fine) if same else (None, [])


def _cotangent(y: Array, cotangents: Any, rng: np.random.Generator) -> Array | None:
    if cotangents is None:
        return None
    dtype = y.dtype if y.dtype.kind == "f" else np.dtype(float)
    if isinstance(cotangents, str):
        if cotangents != "random":
            raise UsageError(f"check_gradients: cotangents is \"random\" or an array, not {shown_in_error(cotangents)}")
        return np.asarray(rng.choice([-1.0, 1.0], y.shape) * rng.uniform(0.5, 1.5, y.shape), dtype)
    w = real_array("check_gradients: cotangents", cotangents).astype(dtype)
    if w.shape != y.shape:
        raise ShapeError(f"check_gradients: the cotangent has shape {w.shape}, and the function returns {y.shape}")
    return w


def _check_options(elements: Any, directions: Any, order: Any, inconclusive: Any) -> None:
    if elements is not None and not (isinstance(elements, str) and elements == "all"):
        whole_number('check_gradients: elements (or "all")', elements)
    whole_number("check_gradients: directions", directions, most=MOST)
    whole_number("check_gradients: order", order, most=MOST)
    between_0_and_1("check_gradients: inconclusive", inconclusive)
