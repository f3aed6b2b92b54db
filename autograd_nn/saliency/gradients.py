"""Maps that are made of gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.options import non_negative, whole_number
from ..core.random import Rng, generator
from ..nn._evaluated import evaluated
from ._rows import Array, filled, gradient_of, rows_of, targets_of


def gradient(model: Any, x: Any, target: Any = None) -> Array:
    """df(x)/dx: how f changes with each element, at this x.

    model       a Module or a function of x that gives (rows, classes), or (rows,): one number each
    x           (rows, ...): a Tensor or an array of floating point numbers; a list or integers are taken in the
                dtype of the model's parameters
    target      the class whose score is asked about: one for all rows or (rows,); None takes the one that scores
                highest in each row

    The rows must not depend on each other, as they do not in eval(). Large where a small change matters, which
    need not be where the evidence is: where f is saturated it is 0. Raises ShapeError for outputs of other
    shapes, UsageError for a target that is no integer, DataError for one that is no class, NonFiniteError where f
    is nan or inf, GraphError where no gradient passes.
    Source: K. Simonyan, A. Vedaldi, A. Zisserman, Deep inside convolutional networks, 2014.

    >>> from autograd_nn import saliency
    >>> saliency.gradient(lambda x: (x ** 2).sum(axis=1), [[1.0, -3.0]])
    array([[ 2., -6.]])
    """
    with evaluated(model):
        rows = rows_of(model, x)
        return gradient_of(model, rows, targets_of(model, rows, target))


def gradient_x_input(model: Any, x: Any, target: Any = None) -> Array:
    """x df(x)/dx, elementwise: the part of each element in f, to first order. Arguments as for `gradient`.

    For a linear f without bias, and for a network of ReLUs without biases, a row's map adds up to f. An element
    that is 0 has the map 0, so black pixels never count.
    Source: A. Shrikumar et al., Not just a black box, 2016.

    >>> from autograd_nn import saliency
    >>> saliency.gradient_x_input(lambda x: (x ** 2).sum(axis=1), [[1.0, -3.0]])
    array([[ 2., 18.]])
    """
    return np.asarray(rows_of(model, x) * gradient(model, x, target))


def integrated_gradients(model: Any, x: Any, target: Any = None, *, baseline: Any = 0.0, steps: int = 64) -> Array:
    """(x - b) int_0^1 f'(b + t (x - b)) dt: the gradient on the way from a baseline b, times the way.

    Complete: a row's map adds up to f(x) - f(b), as nearly as the integral is computed. That is by Gauss and
    Legendre's rule with `steps` points, which is exact for polynomials, and for a network of ReLUs, whose
    gradient jumps, has an error of about 1/steps.

    baseline    what stands for "nothing there": a number, or an array that broadcasts to x; the mean of the
                training rows, or black. What equals the baseline counts for nothing
    steps       model calls with gradient, per row

    Other arguments and errors as for `gradient`; ShapeError for a baseline of another shape.
    Source: M. Sundararajan, A. Taly, Q. Yan, Axiomatic attribution for deep networks, 2017.

    >>> from autograd_nn import saliency
    >>> saliency.integrated_gradients(lambda x: (x ** 2).sum(axis=1), [[1.0, -3.0]]).round(12)
    array([[1., 9.]])
    """
    with evaluated(model):
        rows = rows_of(model, x)
        base, points = filled(baseline, rows), whole_number("integrated_gradients: steps", steps, most=10**4)
        targets = targets_of(model, rows, target)
        nodes, weights = np.polynomial.legendre.leggauss(points)
        total = np.zeros(rows.shape)
        for t, w in zip((nodes + 1) / 2, weights / 2):
            total += w * gradient_of(model, (base + t * (rows - base)).astype(rows.dtype), targets)
        return np.asarray(((rows - base) * total).astype(rows.dtype))


def smooth_grad(model: Any, x: Any, target: Any = None, *, noise: float = 0.15, samples: int = 50,
                rng: Rng = None) -> Array:
    """The mean of the gradient at x + e, e normal: less of the jumps from one piece of a network to the next.

    noise       the deviation of e, as a share of each row's greatest minus its least element
    samples     how many e are drawn; `rng` is a seed, a numpy.random.Generator or None

    Other arguments and errors as for `gradient`; UsageError for noise below 0.
    Source: D. Smilkov et al., SmoothGrad, 2017.

    >>> from autograd_nn import saliency
    >>> saliency.smooth_grad(lambda x: (x ** 2).sum(axis=1), [[1.0, -3.0]], noise=0.0, samples=1)
    array([[ 2., -6.]])
    """
    noise = non_negative("smooth_grad: noise", noise)
    samples = whole_number("smooth_grad: samples", samples, most=10**6)
    rng = generator(rng)
    with evaluated(model):
        rows = rows_of(model, x)
        targets = targets_of(model, rows, target)
        axes = tuple(range(1, rows.ndim))
        spread = noise * (rows.max(axes, keepdims=True) - rows.min(axes, keepdims=True))
        total = np.zeros(rows.shape)
        for _ in range(samples):
            total += gradient_of(model, (rows + spread * rng.normal(size=rows.shape)).astype(rows.dtype), targets)
        return np.asarray((total / samples).astype(rows.dtype))
