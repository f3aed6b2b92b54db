"""Arrays that may change are copied when a graph takes them, and copied again only if they have changed."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import Tensor, data, free_cached_memory, ops
from autograd_nn.core import operands
from autograd_nn.ops import _frozen
from autograd_nn.ops._frozen import FEW, ROOM, Copies, is_frozen, same_bits

MANY = FEW // 8          # doubles


@pytest.fixture(params=["C", "Python"])
def bits_compared_in(request, monkeypatch):
    if request.param == "Python":
        monkeypatch.setattr(_frozen, "quick_same", None)


def test_one_copy_for_a_graph(bits_compared_in):
    x, t = np.arange(MANY, dtype=float), Tensor(np.ones(MANY))
    y = t * x + x
    y = y * x
    held = [i for node in (y, y.inputs[0], y.inputs[0].inputs[0]) for i in node.inputs if isinstance(i, np.ndarray)]
    assert len(held) == 3 and held[0] is held[1] is held[2] and is_frozen(held[0])


@given(st.data())
def test_what_is_changed_between_two_ops_is_seen(draw):
    """The gradient is that of the numbers that each op was given."""
    copies = Copies()
    dtype = draw.draw(st.sampled_from([np.float64, np.float32, np.float16, np.int8, np.bool_]))
    x = np.zeros(FEW, dtype)
    for _ in range(4):
        i = draw.draw(st.integers(0, FEW - 1))
        x[i] = draw.draw(st.sampled_from([0, 1]))
        copy = copies.of(x)
        assert np.array_equal(copy, x) and is_frozen(copy) and copies.of(x) is copy
        before = x.copy()
        draw.draw(st.sampled_from([lambda: x.fill(1), lambda: np.copyto(x, x[::-1].copy()), lambda: x[::2].fill(0),
                                   lambda: x.T.__setitem__(0, 1), lambda: memoryview(x).cast("B").__setitem__(0, 1)]))()
        assert np.array_equal(copy, before)


def test_a_zero_that_changes_its_sign_is_a_change(bits_compared_in):
    x = np.zeros(MANY)
    first = Copies().of(x)
    y = -x
    assert same_bits(first, x) and not same_bits(first, y) and not same_bits(first, np.zeros(MANY + 1))
    assert not same_bits(x.reshape(2, -1), x.reshape(2, -1).copy("F"))


def test_the_gradient_is_of_the_numbers_at_the_time():
    x, t = np.full(MANY, 2.0), Tensor(np.ones(MANY))
    y = t * x
    x *= 5
    (y + t * x).sum().backward()
    assert np.all(t.grad == 12)


def test_an_array_in_another_form_is_another():
    """dtype, shape and strides may be assigned in place."""
    copies, x = Copies(), np.zeros((MANY, 2))
    first = copies.of(x)
    x.shape = (2, MANY)
    assert copies.of(x).shape == (2, MANY) and first.shape == (MANY, 2)


def test_what_is_remembered_is_bounded_and_forgotten():
    copies = Copies()
    arrays = [np.full(ROOM // 8 // 3, float(i)) for i in range(5)]
    for x in arrays:
        copies.of(x)
    assert sum(copy.nbytes for _, copy in copies._known.values()) <= ROOM
    assert copies.of(arrays[-1]) is copies.of(arrays[-1])
    del arrays, x
    gc.collect()
    assert not copies._known
    copies.of(np.zeros(2 * ROOM // 8))
    assert not copies._known


def test_it_can_be_told_to_forget():
    x = np.ones(MANY)
    first = (Tensor(1.0) * x).inputs[1]
    assert free_cached_memory() >= x.nbytes and not operands.copies._known
    assert (Tensor(1.0) * x).inputs[1] is not first


def test_few_numbers_gaps_and_subclasses_are_copied_each_time():
    copies = Copies()
    for x in (np.zeros(3), np.zeros((MANY, 4))[:, ::2], np.zeros(MANY).view(np.recarray)):
        assert copies.of(x) is not copies.of(x) and is_frozen(copies.of(x))


def test_batches_are_taken_as_they_are():
    x = np.arange(20.0).reshape(10, 2)
    for part, names in data.batches(x, np.array(list("abcdefghij"), object), size=4):
        assert is_frozen(part) and (part * Tensor(1.0)).inputs[0] is part and names.dtype == object
    with pytest.raises(ValueError):
        part += 1
    x += 1                                               # the whole is the user's
    assert next(data.batches(x, size=1, shuffle=False))[0].tolist() == [[1.0, 2.0]]


def test_params_too():
    index, t = np.zeros(FEW // 8 + 1, int), Tensor([1.0, 2.0])
    a, b = (t[index] for _ in range(2))
    assert a.params["index"] is b.params["index"]
    index += 1
    assert a.data[0] == 1 and t[index].data[0] == 2
    a.sum().backward()
    assert t.grad.tolist() == [len(index), 0]


def test_copies_are_made_once_in_a_loop(monkeypatch):
    made = []
    monkeypatch.setattr(operands, "copies", copies := Copies())
    monkeypatch.setattr(_frozen, "frozen", lambda x, f=_frozen.frozen: made.append(x) or f(x))
    x, w = np.ones((MANY, 1)), Tensor([[0.5]])
    for _ in range(5):
        (ops.matmul(x, w) - x).sum().backward()
    assert len(made) == 1 == len(copies._known)
