"""The same bits whatever the number of threads: BLAS, which adds in another order with each number, gets one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import UsageError

INSTEAD = ("set OPENBLAS_NUM_THREADS=1 (MKL_NUM_THREADS, VECLIB_MAXIMUM_THREADS or OMP_NUM_THREADS for another BLAS) "
           "in the environment before Python starts, and leave deterministic() out")


@contextmanager
def deterministic() -> Iterator[None]:
    """A context in which BLAS computes with one thread, so that the number of processors changes no bit.

    NumPy hands matrix products and decompositions to BLAS and LAPACK, which share a large one out among threads and
    add the parts up: with another number of threads the last bits differ, of `@`, `einsum`, `linalg`, every layer with
    a matrix of weights, and the gradients through them. All else computes in one order anyway: Values, elementwise
    ops, sums, FFTs, optimizers, random numbers. Another processor, or another build of NumPy, may still give
    other bits.

    The setting is of the whole process, and of the libraries that are loaded when it begins. Raises UsageError where
    threadpoolctl is not installed or does not know the BLAS that NumPy has.

    >>> import numpy as np
    >>> from autograd_nn import Tensor, deterministic
    >>> with deterministic():
    ...     y = Tensor(np.ones((300, 300))) @ np.ones((300, 300))
    """
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        raise UsageError("deterministic: threadpoolctl, which can tell BLAS to use one thread, is not installed\n"
                         f"  help: pip install threadpoolctl; or {INSTEAD}") from None
    blas = ThreadpoolController().select(user_api="blas")
    if not blas.lib_controllers:
        raise UsageError(f"deterministic: threadpoolctl does not know the BLAS that NumPy has\n  help: {INSTEAD}")
    with blas.limit(limits=1):
        yield
