"""Complex: what the Fourier transforms return."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .. import ops
from ..errors import DTypeError, LeavesGraphError, UsageError
from ..ops import Op, shape_of
from ..ops._arguments import data_of
from ..ops._carriers import carrier
from .methods import attach
from .traced import Traced


@dataclass(slots=True, eq=False, repr=False)
class Complex(Traced):
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
    _OUT: ClassVar[str] = "x.data is the array"

    @property
    def data(self) -> np.ndarray[Any, Any]:
        """The numbers as a plain complex array, out of the graph."""
        real, imag = np.asarray(data_of(self.real)), np.asarray(data_of(self.imag))
        array = np.empty(real.shape, dtype=np.result_type(real.dtype, np.complex64))
        array.real, array.imag = real, imag
        return array

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

    def __repr__(self) -> str:
        return f"Complex({self.real!r}, {self.imag!r})"

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


def _linear(op: Op, slots: Sequence[int], parts: list[Part], params: dict[str, Any]) -> Any:
    """The op on all real parts, and on all imaginary ones; an input in which it is not linear is real, and in both."""
    imags = [_zero(real) if imag is None and i in slots else real if imag is None else imag
             for i, (real, imag) in enumerate(parts)]
    return Complex(_called(op, [real for real, _ in parts], params), _called(op, imags, params))


def _multilinear(op: Op, parts: list[Part], params: dict[str, Any]) -> Any:
    """A product of any kind: the products of all choices of parts, i for each imaginary one."""
    sums: list[Any] = [None, None]
    choices = [[(k, part) for k, part in enumerate(pair) if part is not None] for pair in parts]
    for chosen in itertools.product(*choices):
        turns = sum(k for k, _ in chosen)
        product = _called(op, [part for _, part in chosen], params)
        before, place = sums[turns % 2], turns % 2
        if before is None:
            sums[place] = product if turns < 2 else -product
        else:
            sums[place] = before + product if turns % 4 < 2 else before - product
    return Complex(*sums)


def _called(op: Op, xs: list[Any], params: dict[str, Any]) -> Any:
    return op(*xs, **params) if op.arity >= 0 else op(xs, **params)


def _zero(x: Any) -> Any:
    return np.zeros(shape_of(x), getattr(x, "dtype", float)) if shape_of(x) else 0.0


def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """What the entry says of complex inputs: linear in them, linear in each of them, or a function of its own."""
    parts = [_parts(x) for x in args]
    if op.multilinear:
        return _multilinear(op, parts, params)
    complex_ones = {i for i, (_, imag) in enumerate(parts) if imag is not None}
    for group in op.linear_groups(len(parts)):
        if complex_ones <= {*group}:
            return _linear(op, group, parts, params)
    if op.complex is None:
        raise DTypeError(f"{op.name} is not defined for complex numbers here\n"
                         "  help: x.real, x.imag and abs(x) are real")
    found = op.complex(*[real if imag is None else Complex(real, imag) for real, imag in parts], **params)
    return Complex(*found) if isinstance(found, tuple) else found


carrier("Complex", Complex, _apply, below="data")      # above all others: a part may be of any kind
attach(Complex)
