"""Complex: what the Fourier transforms return."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..errors import DTypeError, LeavesGraphError, UsageError
from ..ops import CARRIERS, OPS, Op, shape_of
from ..ops._arguments import data_of
from .methods import through_function, through_ufunc


@dataclass(slots=True, eq=False, repr=False)
class Complex:
    """An array of complex numbers as two real ones: `real + 1j * imag`.

    Each part is a node of the graph (or an array), so every derivative is one of real numbers: a
    loss is made of `x.real`, `x.imag` or `abs(x)`. Complex numbers can be added, multiplied (also
    as matrices, and in einsum), divided, raised to whole powers, put through exp, log, conjugate
    and angle, summed, reshaped, indexed, joined and transformed again, by operators, methods and
    NumPy's functions, together with plain complex arrays. Everything else refuses them. A plain
    complex array z by itself, to be combined with Tensors, is `Complex(z.real, z.imag)`.

    >>> import numpy as np
    >>> from autograd_nn import Tensor
    >>> x = Tensor([3.0, 1.0, 2.0])
    >>> np.sum(np.abs(np.fft.rfft(x)) ** 2).backward()
    >>> x.grad.round(6)
    array([15.,  9., 12.])
    """

    real: Any
    imag: Any

    @property
    def data(self) -> np.ndarray[Any, Any]:
        """The numbers as a plain complex array, out of the graph."""
        real, imag = np.asarray(data_of(self.real)), np.asarray(data_of(self.imag))
        array = np.empty(real.shape, dtype=np.result_type(real.dtype, np.complex64))
        array.real, array.imag = real, imag
        return array

    primal = data

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of either part."""
        return shape_of(self.real)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """complex64 where the parts are float32, complex128 where they are float64."""
        kind: np.dtype[Any] = self.data.dtype
        return kind

    @property
    def T(self) -> Any:
        """The transpose: all axes reversed, nothing conjugated."""
        return ops.transpose(self)

    def conj(self) -> Any:
        """The numbers with the imaginary part negated."""
        return ops.conjugate(self)

    def reshape(self, *shape: Any) -> Any:
        """The same elements in another shape."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def __getitem__(self, index: Any) -> Any:
        return Complex(self.real[index], self.imag[index])

    def __len__(self) -> int:
        return len(self.real)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __pos__(self) -> Complex:
        return self

    def __repr__(self) -> str:
        return f"Complex({self.real!r}, {self.imag!r})"

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **params: Any) -> Any:
        return through_ufunc(ufunc, method, inputs, params)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return through_function(func, args, kwargs)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise LeavesGraphError("making an ndarray of a Complex would drop its gradient without a word\n"
                               "  help: x.data is the array")

    def backward(self, *_: Any, **__: Any) -> None:
        """A complex number has no gradient here: raises UsageError."""
        raise UsageError("backward() starts from a real number\n"
                         "  help: make one of x.real, x.imag or abs(x), as in (abs(x) ** 2).sum().backward()")


Part = tuple[Any, Any]


def _parts(x: Any) -> Part:
    """The real and the imaginary part; None in the place of one that is 0 everywhere."""
    if isinstance(x, Complex):
        return x.real, x.imag
    if isinstance(x, (complex, np.complexfloating)) or (isinstance(x, np.ndarray) and x.dtype.kind == "c"):
        return x.real, x.imag
    return x, None


def _linear(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """An op that does the same to either part."""
    real, imag = _parts(xs[0])
    return Complex(op(real, **params), op(imag, **params))


def _joined(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    pairs = [_parts(x) for x in xs]
    imags = [np.zeros(shape_of(real)) if imag is None else imag for real, imag in pairs]
    return Complex(op([real for real, _ in pairs], **params), op(imags, **params))


def _multilinear(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """A product of any kind: the products of all choices of parts, i for each imaginary one."""
    sums: list[Any] = [None, None]
    choices = [[(k, part) for k, part in enumerate(_parts(x)) if part is not None] for x in xs]
    for chosen in itertools.product(*choices):
        turns, factors = sum(k for k, _ in chosen), [part for _, part in chosen]
        product = op(*factors, **params) if op.arity >= 0 else op(factors, **params)
        before, place = sums[turns % 2], turns % 2
        if before is None:
            sums[place] = product if turns < 2 else -product
        else:
            sums[place] = before + product if turns % 4 < 2 else before - product
    return Complex(*sums)


def _added(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    (a, b), (c, d) = map(_parts, xs)
    real = op(a, c)
    imag = b if d is None else op(0.0 if b is None else b, d)
    return Complex(real, imag if shape_of(imag) == shape_of(real) else ops.broadcast_to(imag, shape_of(real)))


def _divided(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    x, y = xs
    c, d = _parts(y)
    if d is None:
        return Complex(x.real / c, x.imag / c)
    size = c * c + d * d
    return ops.multiply(x, Complex(c / size, -d / size))


def _to_power(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    x: Any = xs[0]
    n: Any = xs[1]
    if not isinstance(x, Complex) or not isinstance(n, (int, float, np.number)) or n != int(n):
        raise DTypeError("power: a Complex can be raised to whole numbers only\n"
                         "  help: x ** y is exp(y * log(x)) on the principal branch")
    if n < 0:
        return 1 / op(x, -n)
    result: Any = Complex(ops.where(False, x.real, 1.0), ops.where(False, x.imag, 0.0)) if n == 0 else x
    for digit in f"{int(n):b}"[1:] if n else "":
        result = result * result * x if digit == "1" else result * result
    return result


def _modulus(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """sqrt(a² + b²), with derivative 0 at 0."""
    return ops.euclidean_norm(ops.stack([xs[0].real, xs[0].imag]), axis=0)


def _exp(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    size, angle = ops.exp(xs[0].real), xs[0].imag
    return Complex(size * ops.cos(angle), size * ops.sin(angle))


def _log(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    return Complex(ops.log(_modulus(op, xs, params)), ops.arctan2(xs[0].imag, xs[0].real))


def _where(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    (a, b), (c, d) = map(_parts, xs[1:])
    return Complex(op(xs[0], a, c), op(xs[0], 0.0 if b is None else b, 0.0 if d is None else d))


_RULES: dict[str, Callable[[Op, tuple[Any, ...], dict[str, Any]], Any]] = {
    **dict.fromkeys("""negative sum mean cumsum reshape transpose swapaxes moveaxis expand_dims squeeze broadcast_to
                       sum_to spread flip roll tile repeat getitem take_along_axis copy""".split(), _linear),
    **dict.fromkeys("concatenate stack".split(), _joined),
    **dict.fromkeys("multiply matmul dot contract".split(), _multilinear),
    "add": _added, "subtract": _added, "divide": _divided, "power": _to_power,
    "reciprocal": lambda op, xs, params: 1 / xs[0],
    "square": lambda op, xs, params: xs[0] * xs[0],
    "absolute": _modulus, "exp": _exp, "log": _log, "where": _where,
    "conjugate": lambda op, xs, params: Complex(xs[0].real, -xs[0].imag),
    "real": lambda op, xs, params: xs[0].real,
}


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    rule = _RULES.get(op.name)
    if rule is None:
        raise DTypeError(f"{op.name} is not defined for complex numbers here\n"
                         "  help: x.real, x.imag and abs(x) are real")
    return rule(op, args, params)


def _method(op: Op) -> Callable[..., Any]:
    return lambda self, *args, **params: op(self, *args, **params)


def _reflected(op: Op) -> Callable[..., Any]:
    return lambda self, other: op(other, self)


for name in _RULES:
    if OPS[name].method and not hasattr(Complex, name):
        setattr(Complex, name, _method(OPS[name]))
    if OPS[name].dunder:
        setattr(Complex, f"__{OPS[name].dunder}__", _method(OPS[name]))
        if OPS[name].arity == 2:
            setattr(Complex, f"__r{OPS[name].dunder}__", _reflected(OPS[name]))

CARRIERS[Complex] = (6, _apply)                      # above all others: a part may be of any kind
