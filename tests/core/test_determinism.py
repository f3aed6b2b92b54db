"""deterministic(): one thread for BLAS, and the same bits whatever the number outside."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor, deterministic
from autograd_nn.errors import UsageError

threadpoolctl = pytest.importorskip("threadpoolctl", reason="threadpoolctl is not installed")
X = np.random.default_rng(0).normal(size=(700, 701)).astype(np.float32)


def threads():
    return {lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"}


def work():
    """A product, its gradient, a product with a vector, a decomposition: as bytes."""
    w = Tensor(X.T)
    (np.tanh(X @ w) ** 2).sum().backward()
    inverse = ag.linalg.inv(Tensor(X[:, :700] @ X[:, :700].T))
    return [w.grad.tobytes(), (w @ X[:, 0]).data.tobytes(), inverse.data.tobytes()]


@pytest.mark.slow
def test_the_number_of_threads_changes_no_bit():
    found = []
    for outside in (1, 2, 4):
        with threadpoolctl.threadpool_limits(limits=outside, user_api="blas"):
            before = threads()
            with deterministic():
                assert threads() == {1}
                found.append(work())
            assert threads() == before
    assert found[0] == found[1] == found[2]


def test_the_number_comes_back_after_an_error():
    with threadpoolctl.threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        with pytest.raises(ZeroDivisionError), deterministic(), deterministic():
            raise ZeroDivisionError
        assert threads() == before

        @deterministic()
        def seen():
            return threads()
        assert seen() == {1} and threads() == before


def test_without_threadpoolctl_an_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with pytest.raises(UsageError, match=r"(?s)pip install threadpoolctl.*OPENBLAS_NUM_THREADS=1"), deterministic():
        pass


def test_a_blas_that_is_not_known_is_an_error(monkeypatch):
    none = threadpoolctl.ThreadpoolController().select(user_api="none such")
    monkeypatch.setattr(threadpoolctl.ThreadpoolController, "select", lambda *_, **__: none)
    with pytest.raises(UsageError, match=r"(?s)does not know the BLAS.*OPENBLAS_NUM_THREADS=1"), deterministic():
        pass
