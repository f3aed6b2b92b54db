"""locate_fault: when a gradient is wrong, which op of the graph is to blame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..core.node import Node, topological
from ..core.options import flag, instance
from ..core.random import generator
from ..errors import UsageError
from ..ops import Each, Op, shape_of
from ..ops._refusal import shown_in_error
from ._derivative import differentiate
from ._fault import Fault
from ._numeric import central_difference
from ._recorded import RecordedOp, as_function, recorded
from ._verdict import Finding, Verdict, judge

__all__ = ["Fault", "locate_fault"]

# Relative difference to a single central difference: a derivative that is closer is right, and is measured no further.
CLOSE = 1e-6
# The place on a line where its slope is measured. It is not 0, because floats near 0 allow steps so small that
# adding them to the inputs changes nothing, and then a jump looks flat.
FAR = 4.0


def locate_fault(root: Node, *, gradients: Mapping[Any, Any] | None = None, disagrees: bool = False,
                 rng: Any = None) -> tuple[Fault, ...]:
    """What makes the gradient of this Value or Tensor wrong; nothing, if all is right.

    Every node is run again on its recorded inputs, in float64, and each of its op's rules is compared
    with the numerical derivative of the op's own function, in random directions for arrays. Where each
    node is right by itself, the gradients of the leaves are compared with the numerical derivative of
    the graph as a whole. Only a clear disagreement that a second measurement confirms is a fault: kinks
    and what is inconclusive accuse nobody, and then the whole proves nothing either. Nodes with the same
    wrong rule are one Fault.

    gradients  the leaves' gradients of the sum of the root's elements, as they were found; by default
               those of a `backward()` that leaves no trace
    disagrees  whether the program's own derivative is known to be another than the graph's: if no
               fault is found in the graph, then the program does what no graph records
    rng        a seed or generator for directions and cotangents

    Raises UsageError for anything but a node.

    >>> from autograd_nn import Op, Value
    >>> cube = Op("cube", lambda x: x ** 3, lambda x: x ** 3, lambda g, y, x: g * 2 * x * x, tex="{0}^3")
    >>> x = Value(2.0, name="x")
    >>> fault, = locate_fault((cube(x) + x).exp())
    >>> fault.op is cube, fault.slot, fault.number
    (True, 0, 1)
    >>> print(fault)                                                      # doctest: +ELLIPSIS
    wrong rule: cube, input 0, at node v1 Value (): numeric ..., ratio 0.666667...
    >>> cube.forget()
    """
    if not isinstance(root, Node):
        raise UsageError(f"locate_fault: needs a Value or Tensor that was computed, not {type(root).__name__} "
                         f"{shown_in_error(root)}\n  help: call the function on Values or Tensors, and give its result")
    rng, disagrees = generator(rng), flag("locate_fault: disagrees", disagrees)
    if gradients is not None:
        instance("locate_fault: gradients", gradients, Mapping, "a dict, leaf -> gradient")
    found: dict[tuple[Any, ...], Fault] = {}
    unsure: list[Node] = []
    with np.errstate(all="ignore"):
        for step in recorded(root):
            for fault in _of_node(step, rng, unsure):
                key = fault.kind, fault.op, fault.slot
                first = found.setdefault(key, fault)
                if first is not fault and first.nodes[-1] is not step.shown:
                    found[key] = Fault(fault.kind, fault.op, fault.slot, (*first.nodes, step.shown), first.number,
                                       first.finding, first.detail)
        if found or unsure:                              # where a node may be wrong, the whole proves nothing
            return tuple(found.values())
        whole = _of_whole(root, gradients, rng)
    if whole is None and disagrees:
        whole = Fault("not recorded", detail="the recorded graph and its gradient are right, so the program depends "
                      "on its inputs in a way that is not recorded: .data, .item(), detach(), stop_gradient or a "
                      "branch on a value")
    return () if whole is None else (whole,)


# --- one node ---------------------------------------------------------------------------------------

def _of_node(step: RecordedOp, rng: np.random.Generator, unsure: list[Node]) -> Iterator[Fault]:
    """The faults of one node: its value, and then each rule. Where a rule could not be judged, it is `unsure`."""
    complaint = step.stale()
    if complaint:
        yield Fault("recorded value", step.op, None, (step.shown,), step.number, None, complaint)
        return
    certain = True
    for slot in step.slots():
        wrong = _wrong_rule(step, slot, rng)
        if isinstance(wrong, tuple):
            finding, detail = wrong
            yield Fault("rule", step.op, slot, (step.shown,), step.number, finding,
                        "; ".join(part for part in (detail, _origin(step.op, slot)) if part))
            certain = False
        certain = certain and wrong is Verdict.AGREE
    if not certain or not _smooth_in_all(step, rng):
        unsure.append(step.node)


def _smooth_in_all(step: RecordedOp, rng: np.random.Generator) -> bool:
    """Whether right rules add up, where the inputs move together: in a corner of the op they need not."""
    if len(step.slots()) < 2:
        return True
    g = _random(step.y, rng)
    us = {slot: next(_directions(step.xs[slot], rng)) * _random(step.xs[slot], rng) for slot in step.slots()}
    analytic = sum(_inner(step.pulled_back(slot, g), u) for slot, u in us.items())
    finding = _compared(step.along(us, g), analytic, step.op.name)
    return finding is None or finding.verdict is Verdict.AGREE


def _wrong_rule(step: RecordedOp, slot: int, rng: np.random.Generator) -> tuple[Finding | None, str] | Verdict:
    """What speaks against one rule at one node, or that it is right, or that nothing could be found out."""
    corner = step.in_a_corner(slot)
    for direction in _directions(step.xs[slot], rng):
        if corner.any():
            direction = direction * ~corner
            if not np.any(direction):
                continue
        findings: list[Finding] = []
        for _ in range(2):                               # a charge needs two witnesses
            g = _random(step.y, rng)
            try:
                part = step.pulled_back(slot, g)
            except Exception as error:
                return None, f"the rule raises {type(error).__name__}: {error}"
            if not _fits(shape_of(part), shape_of(step.xs[slot])):
                return None, (f"the rule gives shape {shape_of(part)} for an input of shape "
                              f"{shape_of(step.xs[slot])}")
            u = direction * _random(direction, rng)
            finding = _compared(step.along({slot: u}, g), _inner(part, u), f"input {slot} of {step.op.name}")
            if finding is None or finding.verdict is Verdict.AGREE:
                if np.all(direction):
                    return Verdict.AGREE
                break                                    # some elements are right: what of the others?
            if finding.verdict is not Verdict.DISAGREE:
                break
            findings.append(finding)
        if len(findings) == 2:
            return findings[0], ""
    return Verdict.INCONCLUSIVE


def _compared(f: Callable[[float], float], analytic: float, where: str) -> Finding | None:
    """The verdict on f'(0), a function whose natural scale is 1; None where one quick difference settles it."""
    try:
        quick = central_difference(f)
        if abs(analytic - quick) <= CLOSE * max(abs(analytic), abs(quick)):
            return None
    except (ArithmeticError, ValueError):
        pass                                             # outside its domain: smaller steps may be inside
    numeric = differentiate(lambda p: f(p - FAR), FAR, scale=1.0)
    verdict = judge(analytic, numeric)
    if numeric.kind == "kink" and not math.isnan(analytic):
        verdict = Verdict.NOT_DIFFERENTIABLE             # of many kinks, each within its bounds, the sum need not be
    return Finding(where, analytic, numeric, verdict)


def _directions(x: Any, rng: np.random.Generator) -> Iterator[Any]:
    """How far to move each element: all at once, on the scale of x and of 1, and then ever fewer.

    Fewer, for one kink hides what the others do; on the scale of 1, for exp does not change on that of 1e-30.
    """
    if not isinstance(x, np.ndarray):
        size = abs(float(x))
        if size < 0.1:
            yield 1.0
        if size:
            yield size
        return
    typical = float(np.sqrt(np.mean(np.square(x)))) if x.size else 1.0
    if typical < 0.1:
        yield np.asarray(np.abs(x) + 1.0)
    far = np.asarray(np.abs(x) + (0.1 * typical or 1.0))
    yield far
    left = x.size if x.ndim else 0
    for fewer in [n for n in (left // 4, left // 16, left // 64) if n > 1] + [1] * min(left, 6):
        chosen = np.zeros(left)
        chosen[rng.choice(left, size=fewer, replace=False)] = 1.0
        yield far * chosen.reshape(x.shape)


def _random(like: Any, rng: np.random.Generator) -> Any:
    """Numbers of either sign, none near 0: an array for an array, a float for a float."""
    signed = rng.uniform(0.5, 1.5, np.shape(like)) * rng.choice([-1.0, 1.0], np.shape(like))
    return np.asarray(signed) if isinstance(like, np.ndarray) else float(signed)


def _inner(part: Any, u: Any) -> float:
    """The derivative along u. An unbroadcast part is summed by this too, so `fit` is not what is tested."""
    return float(np.sum(np.where(np.equal(u, 0.0), 0.0, np.multiply(part, u))))


def _fits(part: tuple[int, ...], own: tuple[int, ...]) -> bool:
    """Whether a rule may give this shape: that of its input, or one that broadcasting has made of it, or a constant."""
    try:
        both = np.broadcast_shapes(part, own)
    except ValueError:
        return False
    return both == part or (both == own and len(part) < len(own))


def _origin(op: Op, slot: int) -> str:
    """Where the rule is written."""
    rule = op.vjps.rule if isinstance(op.vjps, Each) else op.vjps[slot]
    code = getattr(rule, "__code__", None)
    return f"{Path(code.co_filename).name}, line {code.co_firstlineno}" if code is not None else ""


# --- the graph as a whole ------------------------------------------------------------------------------

def _of_whole(root: Node, gradients: Mapping[Any, Any] | None, rng: np.random.Generator) -> Fault | None:
    """The leaf whose gradient is not the derivative of the recorded graph, if there is one."""
    graph = as_function(root)
    found = dict(gradients) if gradients is not None else _found(root)
    leaves = [leaf for leaf in graph.leaves if leaf in found] if gradients is not None else list(graph.leaves)
    g = np.ones(root.shape)
    for leaf in leaves:
        shape = shape_of(found.get(leaf, 0.0))
        if leaf in found and shape != leaf.shape:
            return _whole_fault(root, leaf, None, f"it has shape {shape}")

    def finding(some: list[Node]) -> Finding | None:
        us = {leaf: next(_directions(graph.leaves[leaf], rng)) * _random(graph.leaves[leaf], rng) for leaf in some}
        analytic = sum(_inner(found.get(leaf, 0.0), u) for leaf, u in us.items())
        return _compared(graph.along(us, g), analytic, "the leaves")

    # The gradients were computed in the graph's own dtypes: cancellation may leave their rounding alone.
    rounding = 1000 * max(float(np.finfo(getattr(node, "dtype", np.float64)).eps) for node in graph.order)
    size = float(np.sum(np.abs(root._data)))

    def wrong(some: list[Node]) -> Finding | None:
        witnesses = [finding(some), finding(some)]
        for w in witnesses:
            if w is None or w.verdict is not Verdict.DISAGREE or \
                    abs(w.analytic - w.numeric.value) <= rounding * max(size, abs(w.numeric.value)):
                return None
        return witnesses[0]

    evidence = wrong(leaves) if leaves else None
    while evidence is not None and len(leaves) > 1:
        half = leaves[:len(leaves) // 2]
        first = wrong(half)
        rest = wrong(leaves[len(half):]) if first is None else None
        if first is None and rest is None:
            break
        leaves, evidence = (half, first) if first is not None else (leaves[len(half):], rest)
    return None if evidence is None else _whole_fault(root, leaves[0], evidence, "")


def _whole_fault(root: Node, leaf: Node, finding: Finding | None, detail: str) -> Fault:
    number = next(step.number for step in recorded(root, leaves=True) if step.shown is leaf)
    return Fault("accumulation, order or aliasing", None, None, (leaf,), number, finding, detail)


def _found(root: Any) -> dict[Node, Any]:
    """The leaves' gradients by `backward()`, of the sum of the root; every node's `.grad` is then as it was."""
    order: list[Any] = topological([root])
    before = [(node, node.grad if node.has_grad else None) for node in order]
    try:
        for node in order:
            node.grad = None
        root.backward(np.ones(root.shape) if root.shape else None)
        return {node: node.grad for node in order if node.op is None and node.has_grad}
    finally:
        for node, grad in before:
            node.grad = grad
