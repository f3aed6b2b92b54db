"""Laws that every gradient obeys, checked without a difference: by equalities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import EvaluationError
from ._noise import hidden_steps, noise_of_both_sides
from ._rounding import SPREAD, eps_of, neighbours
from ._samples import Samples
from ._subject import Array, Evaluation, Subject
from ._verdict import Verdict

WIDTHS = [2.0 ** -k for k in (6, 9, 12, 15, 18, 22, 26, 30)]        # windows for the noise of a derivative
FAR = -1.0, 1024.0       # factors of a cotangent: multiplying by them does not round, so a linear rule scales exactly


@dataclass(frozen=True)
class Law:
    """One law: "agree" where it holds, "disagree" where not, "inconclusive" where it could not be told."""

    name: str
    verdict: Verdict
    text: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {'holds' if self.verdict is Verdict.AGREE else self.verdict}" \
               + (f" ({self.text})" if self.text else "")


def check_laws(subject: Subject, trace: Evaluation, gradient: list[Array], cotangent: Array | None,
               rng: np.random.Generator) -> list[Law]:
    """Every law that this kind of function can be asked for, at the point where `trace` ran."""
    done = [Law("inputs unchanged", Verdict.AGREE),              # an error before this, where they are not
            _dtypes(subject, gradient)]
    same = _same_bits(subject, trace, gradient, cotangent)
    done.append(same)
    if subject.seeded:
        done.append(_linear(subject, trace, gradient, cotangent, rng))
    if same.verdict is Verdict.AGREE:
        done.append(_independent(subject, gradient, cotangent))
        if subject.forward_mode and subject.likes:
            done.append(_forward(subject, trace, cotangent, rng))
    return done


def hessian_symmetry(subject: Subject, rng: np.random.Generator) -> Law:
    """u'Hv = v'Hu for random u and v: two gradients of gradients, and no difference."""
    u, v = (random_tangents(subject.start, rng) for _ in range(2))
    along_u, along_v = subject.derived(u), subject.derived(v)
    slopes = [np.abs(g.astype(float)) for g in subject.trace(subject.start).pull(None)]
    size = max(_dot(slopes, [np.abs(t) for t in tangents]) for tangents in (u, v))
    return _equal("Hessian symmetric", subject.start, ("u'Hv", "v'Hu"), size,
                  lambda xs: _dot(along_u.trace(xs).pull(None), v),
                  lambda xs: _dot(along_v.trace(xs).pull(None), u))


def random_tangents(start: Sequence[Array], rng: np.random.Generator) -> list[Array]:
    """A direction for each array: see `random_direction`."""
    return [random_direction(a, rng) for a in start]


def random_direction(x: Array, rng: np.random.Generator, relative: bool = False) -> Array:
    """Every element by 0.5 to 1.5 times its size, up or down. Its size is |x|, at least an eighth of the
    median of all; or |x| alone if `relative`, but for zeros; 1 where all are 0."""
    size = np.abs(x.astype(float))
    some = size[size > 0]
    typical = float(np.median(some)) / 8 if some.size else 1.0
    size = np.where(size > 0, size, typical) if relative else np.maximum(size, typical)
    return np.asarray(size * rng.choice([-1.0, 1.0], x.shape) * rng.uniform(0.5, 1.5, x.shape))


# --- the laws --------------------------------------------------------------------------------------

def _same_bits(subject: Subject, trace: Evaluation, gradient: list[Array], cotangent: Array | None) -> Law:
    name = "same bits twice"
    y = subject.value(subject.start)
    if not _same([y], [trace.value]):
        gap = float(np.max(np.abs(y.astype(float) - trace.value))) if y.shape == trace.value.shape else np.nan
        return Law(name, Verdict.INCONCLUSIVE, f"two calls with the same inputs differ by {gap:.1e}; "
                   "the differences take it for noise. Give what is random a seed")
    again = subject.trace(subject.start).pull(cotangent)
    if _same(again, gradient):
        return Law(name, Verdict.AGREE)
    i = next(i for i, (a, b) in enumerate(zip(again, gradient)) if not _same([a], [b]))
    gap = float(np.max(np.abs(again[i].astype(float) - gradient[i])))
    rounding = 1e4 * eps_of(gradient[i]) * float(np.max(np.abs(gradient[i]), initial=0.0))
    return Law(name, Verdict.INCONCLUSIVE if gap <= rounding else Verdict.DISAGREE,
               f"the gradient of {subject.names[i]}, computed twice, differs by {gap:.1e}")


def _dtypes(subject: Subject, gradient: list[Array]) -> Law:
    odd = [f"that of {name} is {g.dtype}, the input {a.dtype}" for name, g, a in
           zip(subject.names, gradient, subject.start) if a.ndim and g.dtype != a.dtype]
    return Law("dtypes", Verdict.INCONCLUSIVE if odd else Verdict.AGREE, "; ".join(odd[:3]))


def _independent(subject: Subject, gradient: list[Array], cotangent: Array | None) -> Law:
    """Another run, elsewhere, between this run and its gradient changes nothing."""
    name = "independent of other runs"
    n = len(subject.likes)
    elsewhere = [a * a.dtype.type(1.0 + 2.0 ** -6) for a in subject.start[:n]] + subject.start[n:]
    try:
        first = subject.trace(subject.start)
        subject.trace(elsewhere).pull(cotangent)
    except Exception:
        return Law(name, Verdict.INCONCLUSIVE, "the function cannot run close by")
    which = _unlike(subject, first.pull(cotangent), gradient)
    if which:
        return Law(name, Verdict.DISAGREE, f"the gradient of {which} depends on what ran after the forward pass; "
                   "does a rule keep something between calls?")
    try:
        subject.value(elsewhere)
        alone = subject.gradient_alone(subject.start, cotangent)
        kept = "" if alone is None else _unlike(subject, alone, gradient)
    except EvaluationError as error:
        kept = str(error.__cause__ or error)
    return Law(name, Verdict.AGREE, kept and "the gradient is that of the last run of the function, which it keeps: "
               "the function was run just before it each time")


def _unlike(subject: Subject, found: list[Array], gradient: list[Array]) -> str:
    """The name of the first gradient that is not as it was; "" if all are."""
    for which, a, b in zip(subject.names, found, gradient):
        if not np.allclose(a, b, rtol=1e5 * eps_of(b), atol=1e5 * eps_of(b) * _largest(b), equal_nan=True):
            return which
    return ""


def _linear(subject: Subject, trace: Evaluation, gradient: list[Array], cotangent: Array | None,
            rng: np.random.Generator) -> Law:
    name = "linear in the cotangent"
    w = np.ones_like(trace.value) if cotangent is None else cotangent
    tiny = (float(np.finfo(g.dtype).tiny) for g in gradient if g.dtype.kind == "f")
    underflow = max(map(abs, FAR)) * max(tiny, default=0.0)          # below it numbers lose their digits
    for factor in FAR:
        for which, a, b in zip(subject.names, trace.pull(w * w.dtype.type(factor)), gradient):
            a, b = a.astype(float), b.astype(float) * factor
            fine = np.isfinite(a) & np.isfinite(b)
            if not np.allclose(a[fine], b[fine], rtol=1e-3, atol=1e-3 * _largest(b) + underflow):
                return Law(name, Verdict.DISAGREE, f"{factor:g} times the cotangent does not give {factor:g} times "
                           f"the gradient of {which}")
    if w.size > 1:
        mask = (rng.permutation(w.size) < w.size // 2).reshape(w.shape)
        parts = [trace.pull(np.where(keep, w, 0)) for keep in (mask, ~mask)]
        for which, a, b, whole in zip(subject.names, *parts, gradient):
            if not np.allclose(a + b, whole, rtol=1e-3, atol=1e-3 * max(_largest(a), _largest(b)) + underflow):
                return Law(name, Verdict.DISAGREE, f"the gradients of {which} for two parts of a cotangent "
                           "do not add up to that for the whole")
    return Law(name, Verdict.AGREE)


def _forward(subject: Subject, trace: Evaluation, cotangent: Array | None, rng: np.random.Generator) -> Law:
    name = "forward as reverse"
    u = random_tangents(subject.start, rng)
    u[len(subject.likes):] = [np.zeros_like(t) for t in u[len(subject.likes):]]      # forward mode reaches inputs alone
    w = None if cotangent is None else cotangent.astype(float)

    def forward(xs: Sequence[Array]) -> float:
        pushed = subject.push(xs, u)
        return float(pushed.sum() if w is None else np.vdot(w, pushed))
    try:
        forward(subject.start)
    except Exception as raised:
        error = raised.__cause__ or raised if isinstance(raised, EvaluationError) else raised
        return Law(name, Verdict.INCONCLUSIVE, f"forward mode raised {type(error).__name__}: {error!s:.60}")
    size = float(np.sum(np.abs(trace.value.astype(float) * (1.0 if w is None else w))))
    return _equal(name, subject.start, ("forward", "reverse"), size, forward,
                  lambda xs: _dot(subject.trace(xs).pull(cotangent), u))


# --- equality up to rounding -----------------------------------------------------------------------

def _equal(name: str, start: Sequence[Array], what: tuple[str, str], size: float,
           a: Callable[[Sequence[Array]], float], b: Callable[[Sequence[Array]], float]) -> Law:
    """Whether a = b, derivatives of something of this size along directions of the size of the inputs.

    How much rounding there is in either is seen when the inputs move by a unit in the last place.
    """
    x, y = a(start), b(start)
    if not (np.isfinite(x) and np.isfinite(y)):
        return Law(name, Verdict.AGREE if np.array_equal([x], [y], equal_nan=True) else Verdict.INCONCLUSIVE,
                   "" if np.array_equal([x], [y], equal_nan=True) else f"{what[0]} {x:.10g}, {what[1]} {y:.10g}")
    eps = eps_of(*start)
    tiny = max((float(np.finfo(a.dtype).tiny) for a in start if a.dtype.kind == "f"), default=0.0)
    if abs(x - y) <= eps * max(1e3 * abs(x), 1e3 * abs(y), 1e4 * size) + 1e3 * tiny:        # where digits get lost
        return Law(name, Verdict.AGREE)
    near = neighbours(start)
    try:
        spread = np.ptp([a(xs) for xs in near]) + np.ptp([b(xs) for xs in near])
    except Exception:
        return Law(name, Verdict.INCONCLUSIVE, "the function cannot run close by")
    if abs(x - y) <= SPREAD * spread:
        return Law(name, Verdict.AGREE)
    if abs(x - y) <= SPREAD * max(trembling(f, start) for f in (a, b)):
        return Law(name, Verdict.AGREE)
    text = f"{what[0]} {x:.10g}, {what[1]} {y:.10g}"
    close = abs(x - y) <= 1e8 * eps * max(abs(x), abs(y))        # rounding, perhaps: too little to accuse anybody
    return Law(name, Verdict.INCONCLUSIVE if close else Verdict.DISAGREE, text)


def trembling(f: Callable[[Sequence[Array]], float], start: Sequence[Array]) -> float:
    """The noise of f around these arrays: that of a function that computes in float32, or iterates, is its own."""
    rng = np.random.default_rng(0)
    us = [a * rng.choice([-1.0, 1.0], a.shape) * rng.uniform(0.5, 1.5, a.shape) for a in start]

    def line(t: float) -> float:
        return f([np.asarray(a + (t - 1.0) * u, a.dtype) for a, u in zip(start, us)])
    samples = Samples(line, 1.0)
    found = noise_of_both_sides(samples, WIDTHS)
    steady = found.deviation if found is not None else 0.0
    return max(steady, hidden_steps(samples, WIDTHS, steady))


def _dot(gradient: Sequence[Array], tangents: Sequence[Array]) -> float:
    return float(sum(np.vdot(g.astype(float), t) for g, t in zip(gradient, tangents)))


def _same(a: Sequence[Array], b: Sequence[Array]) -> bool:
    return all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b))


def _largest(a: Array) -> float:
    return float(np.max(np.abs(a), initial=0.0, where=np.isfinite(a)))
