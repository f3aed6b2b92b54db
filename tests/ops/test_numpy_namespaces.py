"""Every function of NumPy, with a Tensor in any argument: the gradient is kept, is 0, or the call is refused."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest
from helpers.numpy_calls import NAMESPACES, WORDS, examples, functions, methods, with_tensors

from autograd_nn import Tensor
from autograd_nn.core.node import Node
from autograd_nn.core.reverse import cotangents
from autograd_nn.errors import AutogradError
from autograd_nn.fft import Complex
from autograd_nn.ops import FUNCTIONS

EXAMPLES = examples()
STEP = 1e-6
# Their results have no derivative, or are not numbers that anyone has chosen.
CONSTANT = {f.numpy.__name__ for f in FUNCTIONS.values() if f.order == 0 and f.numpy} | {"empty_like"}
every_namespace = pytest.mark.parametrize("space", NAMESPACES)
UFUNCS = {name: f for name, f in functions("np").items()
          if isinstance(f, np.ufunc) and f.nout == 1 and f.signature is None}
pytestmark = pytest.mark.filterwarnings("ignore")    # a warning of NumPy would count as a refusal


def calls(name, function):
    """The examples of a function; of one that has none, a call that NumPy takes, if one is found."""
    known = EXAMPLES.get(name) or EXAMPLES.get(name.replace("Generator.", "random."))
    if known:
        return known
    a, b = WORDS["a"], WORDS["b"]
    for args in ((a, b)[:function.nin],) if isinstance(function, np.ufunc) else ((a,), (a, b), (WORDS["v"],), ()):
        try:
            function(*copy.deepcopy(args))
        except Exception:
            continue
        return [(args, {})]
    return []


def parts(y):
    """The numbers in a result, as a list of nodes and arrays of floats; what is no number is left out."""
    if isinstance(y, (list, tuple)):
        return [part for x in y for part in parts(x)]
    if isinstance(y, Complex):
        return [*parts(y.real), *parts(y.imag)]
    if isinstance(y, Node):
        return [y]
    if not isinstance(y, (np.ndarray, np.generic, float, complex, int)):
        return []
    y = np.asarray(y)
    if y.dtype == object:
        return parts(list(y.flat))
    return [y.real, y.imag] if y.dtype.kind == "c" else [y.astype(float)] if y.dtype.kind in "fiub" else []


def fault(function, made):
    """What is wrong with a call, in words; None where the gradient is kept, is 0, or the call is refused.

    `made(change)` gives the arguments with change(x) for the numbers that become Tensors. The derivative along
    a direction by the graph is compared with differences of the numbers in the results.
    """
    rng, us = np.random.default_rng(0), []

    def called(t):
        """The results, also those in arrays that were given, and the Tensors; their numbers are moved along us."""
        tensors = []

        def tensor(x):
            if len(us) == len(tensors):
                us.append(rng.normal(size=np.shape(x)))
            tensors.append(Tensor(np.asarray(x, float) + t * us[len(tensors)]))
            return tensors[-1]
        np.random.seed(0)
        NAMESPACES["Generator"].bit_generator.state = np.random.PCG64(0).state
        args, kwargs = made(tensor)
        args = tuple(x.copy() if isinstance(x, np.ndarray) else x for x in args)
        y = function(*args, **kwargs)
        return parts([y, [x for x in args if isinstance(x, np.ndarray)]]), tensors
    try:
        found, tensors = called(0.0)
    except RecursionError as error:
        return str(error)
    except Exception:                                # refused, by NumPy itself where it does not ask the Tensor
        return None
    try:
        (up, _), (down, _) = called(STEP), called(-STEP)
    except Exception:                                # an option of NumPy's own, which may be 1.0 and not 1.000001
        return None
    for part, *moved in zip(found, up, down):
        a, b = (x.data if isinstance(x, Node) else x for x in moved)
        if np.shape(a) != np.shape(b):
            continue
        with np.errstate(all="ignore"):
            slopes = (a - b) / (2 * STEP)
        w = np.where(np.isfinite(slopes), rng.normal(size=np.shape(a)), 0.0)
        want, slope = float(np.nansum(slopes * w)), 0.0
        if isinstance(part, Node):
            g = cotangents({part: w if part.shape else float(w)})
            slope = sum(float((g[t] * u).sum()) for t, u in zip(tensors, us) if t in g)
        if abs(slope - want) > 1e-4 * (1 + abs(want)):
            return f"slope {slope:.6g} by the graph, {want:.6g} by differences"
    return None


def of_functions(space):
    return [(name, f, call) for name, f in functions(space).items() if name.split(".")[1] not in CONSTANT
            for call in calls(name, f)]


@every_namespace
def test_numbers(space):
    """A Tensor in the place of each number, array or index of the examples, and in that of all numbers."""
    faults = [f"{name} {where}: {found}" for name, f, call in of_functions(space) for where, made in with_tensors(*call)
              if (found := fault(f, made))]
    assert not faults, "\n".join(faults)


def options(function, args, kwargs):
    """The names of the arguments that a call has left out."""
    if isinstance(function, np.ufunc):
        return ["out", "where", "casting", "order", "axis", "axes", "subok", "keepdims"]
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return []
    by_place = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:len(args)]
    return [p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)
            and p.name not in (*by_place, *kwargs, "dtype")]            # a Tensor as dtype= stands for its dtype


def with_option(args, kwargs, name, value, first):
    """The call with one more argument that is a Tensor, and if asked for with a Tensor as the first one."""
    return lambda change: ((change(args[0]), *args[1:]) if first else args, {**kwargs, name: change(value)})


def of_options(name, function, args, kwargs, names):
    array = bool(args) and isinstance(args[0], np.ndarray)
    return [f"{name} {option}={value}: {found}" for option in names for value in (0.0, 1.0, WORDS["a"])
            for first in ((False, True) if array else (False,))
            if (found := fault(function, with_option(args, kwargs, option, value, first)))]


@pytest.mark.slow
@every_namespace
def test_options(space):
    """A Tensor as each argument that the examples leave out, such as axis=, where=, out= and initial=."""
    faults = [x for name, f, call in of_functions(space) for x in of_options(name, f, *call, options(f, *call))]
    assert not faults, "\n".join(faults)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["reduce", "accumulate", "reduceat", "outer", "at"])
def test_methods_of_ufuncs(method):
    faults = []
    for name, f in UFUNCS.items():
        (a, *rest), _ = calls(name, f)[0]
        args = {"reduceat": (a, [0, 1]), "outer": (a, *rest), "at": (a, (0,), *rest)}.get(method, (a,))
        bound = getattr(f, method)
        faults += [f"{name} {where}: {found}" for where, made in with_tensors(args, {})
                   if f.__name__ not in CONSTANT and (found := fault(bound, made))]
        faults += of_options(name, bound, args, {}, ["out", "where", "initial", "axis", "keepdims"])
    assert not faults, "\n".join(faults)


def test_methods_of_arrays():
    """A plain array does not take in the numbers of a Tensor."""
    faults = [f"{name} {where}: {found}" for name, call in methods() for where, made in with_tensors(*call)
              if 0 not in where and (found := fault(getattr(np.ndarray, name), made))]
    assert not faults, "\n".join(faults)


@every_namespace
def test_every_function_is_called(space):
    """A function that a newer NumPy has brings a line into the table of examples."""
    unknown = [name for name, f in functions(space).items() if not calls(name, f)]
    if unknown:
        pytest.skip(f"tests/helpers/numpy_calls.py has no arguments for {', '.join(unknown)} of NumPy {np.__version__}")


def test_a_lost_gradient_is_found():
    """The comparison itself: a function that drops the gradient, one that has a wrong one, and one that is right."""
    with_one = lambda change: ((change(np.array([0.5, 1.5])),), {})
    assert "0 by the graph" in fault(lambda t: t.data * 2, with_one)
    assert "by differences" in fault(lambda t: t * t.data, with_one)
    assert fault(lambda t: t * t, with_one) is None


def test_a_filling_keeps_its_gradient():
    t, x = Tensor([[1.0, 2.0]]), Tensor(3.0)
    y = np.full_like(t, x)
    (y * [[1.0, 10.0]]).sum().backward()
    assert y.data.tolist() == [[3.0, 3.0]] and x.grad == 11.0 and not t.has_grad
    assert np.full_like(Tensor(np.ones(2, np.float32)), x).dtype == np.float32
    assert type(np.full_like(t, 2.0)) is np.ndarray
    with pytest.raises(AutogradError):
        np.full_like(np.ones(2), x)
