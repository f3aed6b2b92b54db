"""What changes an operand between forward and backward never changes the gradient without a word.

Whatever a graph has recorded is its own: a Tensor's data is a copy that is read-only where it can
be reached, constants, masks, indices and lists of parameters are copied. Each case below changes
something after the forward pass; either that raises, or the gradient is the one at the recorded
values. Three things are trusted: an array that owns its memory and is read-only is not copied, so
its flag must not be set back by hand; names that begin with an underscore are not for users; and
NumPy itself writes into a read-only vector in ufunc.at (np.add.at; seen in NumPy 2.4), which
nothing here can prevent.
"""

from __future__ import annotations

import mmap
from contextlib import suppress

import numpy as np
import pytest

import autograd_nn as ag
from autograd_nn import Tensor, Value, errors

T0 = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
C0 = np.array([[0.5, -1.0, 2.0], [1.5, 3.0, -2.0]])


def in_place(a):
    """Everything that changes a writable array as it stands."""
    return {
        "+=": lambda: a.__iadd__(1), "*=": lambda: a.__imul__(2), "a[...] =": lambda: a.__setitem__(..., 9),
        "a[0] =": lambda: a.__setitem__(0, 9), "a[mask] =": lambda: a.__setitem__(a > 0, 9),
        "a view": lambda: a.reshape(-1)[::2].__setitem__(..., 9), "a row": lambda: a[-1].fill(9),
        "fill": lambda: a.fill(9),
        "flat": lambda: a.flat.__setitem__(0, 9), "T": lambda: a.T.__setitem__(0, 9), "out=": lambda: np.exp(a, out=a),
        "matmul out=": lambda: np.matmul(a, 2 * np.eye(a.shape[-1]), out=a),
        "copyto": lambda: np.copyto(a, 9.0), "sort": lambda: a[..., ::-1].sort(),
        "partition": lambda: a[..., ::-1].partition(0),
        "shuffle": lambda: np.random.default_rng(0).shuffle(a.T), "put": lambda: np.put(a, [0], 9),
        "place": lambda: np.place(a, a > 0, [9]),
        "putmask": lambda: np.putmask(a, a > 0, 9), "add.at": lambda: np.add.at(a, 0, 9),
        "clip": lambda: a.clip(0, 1, out=a),
        "put_along_axis": lambda: np.put_along_axis(a, np.zeros((1,) * a.ndim, int), 9.0, axis=0),
        "fill_diagonal": lambda: np.fill_diagonal(a, 9),
        "nan_to_num": lambda: np.nan_to_num(np.multiply(a, np.inf, out=a), copy=False),
        "nditer": lambda: [x.__setitem__(..., 9) for x in np.nditer(a, op_flags=["readwrite"])],
        "memoryview": lambda: memoryview(a).cast("B").__setitem__(slice(0, 8), b"\0" * 8),
    }


WAYS = list(in_place(T0.copy()))


def gradient(t, c):
    """Of sum(t^2 c), by t."""
    return 2 * t * c


@pytest.mark.parametrize("way", WAYS)
def test_what_a_tensor_or_constant_was_made_of_may_change(way):
    a, c = T0.copy(), C0.copy()
    t = Tensor(a)
    y = (t * t * c).sum()
    in_place(a)[way]()
    in_place(c)[way]()
    assert not np.array_equal(a, T0), "this way changes nothing"
    y.backward()
    np.testing.assert_array_equal(t.grad, gradient(T0, C0))


@pytest.mark.parametrize("way", WAYS)
def test_what_a_graph_holds_cannot_change(way):
    """The data of a leaf, of a node between, of a view, what np.asarray and stop_gradient give."""
    t = Tensor(T0)
    square = t * t
    view = square.reshape(3, 2).T
    y = (view * C0.reshape(3, 2).T).sum()
    for data in (t.data, square.data, view.data, ag.stop_gradient(t), t.detach().data, t[0].data, t.data[0],
                 t.data.view()):
        if data.ndim == 1 and way == "add.at":
            continue                                 # NumPy's at() does not look at the flag of a vector
        before = data.copy()
        with suppress(ValueError, TypeError):        # or it writes into a copy that it makes itself
            in_place(data)[way]()
        np.testing.assert_array_equal(data, before)
    y.backward()
    np.testing.assert_array_equal(t.grad, gradient(T0, C0))


def test_a_view_made_before_recording():
    base = np.concatenate([T0, T0])
    view = base[:2]
    t = Tensor(view)
    y = (t * t * view).sum()
    base[:] = 0
    view += 5
    y.backward()
    np.testing.assert_array_equal(t.grad, 3 * T0 ** 2 - T0 ** 2)


def test_a_read_only_view_of_a_writable_array():
    base = C0.copy()
    for view in (base[:], np.broadcast_to(base, (2, 2, 3))[0], base.reshape(3, 2).reshape(2, 3)):
        base[:] = C0
        view = view.view()
        view.setflags(write=False)
        t = Tensor(T0)
        y = (t * t * view).sum()
        base[:] = 0
        y.backward()
        np.testing.assert_array_equal(t.grad, gradient(T0, C0))


def test_a_tensors_own_elements_cannot_be_assigned():
    t = Tensor(T0)
    y = (t * t * C0).sum()
    for change in (lambda: t.__setitem__(0, 1.0), lambda: np.copyto(t, 0.0), lambda: np.put(t, [0], 1.0),
                   lambda: np.add(t, 1.0, out=t.data), lambda: np.add(T0, 1.0, out=t), lambda: np.fill_diagonal(t, 0.0),
                   lambda: np.add.at(t, 0, 1.0),
                   lambda: np.copyto(t.data, t),
                   lambda: memoryview(t), lambda: setattr(t, "shape", (6,))):
        with pytest.raises((ValueError, TypeError, AttributeError)):
            change()
    kept = t
    t += 1.0                                         # a new Tensor under the old name
    kept_sorted = kept.sort()
    assert kept_sorted is not kept
    np.testing.assert_array_equal(kept.data, T0)
    y.backward()
    np.testing.assert_array_equal(kept.grad, gradient(T0, C0))


def test_a_copy_for_the_user_is_a_copy():
    t = Tensor(T0)
    middle = t * t
    y = (middle * C0).sum()
    for copy in (t.numpy(), middle.numpy(), t.data.copy(), np.array(t.data)):
        copy[:] = 0
    y.backward()
    np.testing.assert_array_equal(t.grad, gradient(T0, C0))


INDEXED = {
    "getitem": lambda t, i: t[i], "a tuple": lambda t, i: t[(slice(None), i)].T, "op": lambda t,
    i: ag.ops.getitem(t, i),
    "take": lambda t, i: np.take(t, i, axis=0), "take_along_axis": lambda t, i: np.take_along_axis(t, i[:, None], 0),
    "repeat": lambda t, i: np.repeat(t, i, axis=0), "delete": lambda t, i: np.delete(t, i[:1], axis=0),
    "insert": lambda t, i: np.insert(t, i, 1.0, axis=0), "index_add": lambda t, i: ag.index_add(t, i, t[0] * t[1]),
    "index_set": lambda t, i: ag.index_set(t, i, t[1]), "scatter_add": lambda t,
    i: ag.scatter_add(t, i[:, None], t[:, :1], 0),
    "put_along_axis": lambda t, i: np.put_along_axis(t, i[:, None], 2.0 * t[:, :1], 0), "split": lambda t,
    i: np.split(t, i)[0],
    "choose": lambda t, i: np.choose(i[:, None], [t, 2 * t]), "mask": lambda t, i: t[i > 0],
    "compress": lambda t, i: np.compress(i > 0, t, axis=0), "where": lambda t, i: np.where(i[:, None] > 0, t, 2 * t),
    "select": lambda t, i: np.select([i[:, None] > 0], [t], 0.0), "roll": lambda t, i: np.roll(t, i, axis=(0, 1)),
    "pad": lambda t, i: np.pad(t, i), "tile": lambda t, i: np.tile(t, i + 1), "transpose": lambda t,
    i: np.transpose(t, i),
    "broadcast_to": lambda t, i: np.broadcast_to(t, (*i, *t.shape)), "reshape": lambda t, i: t[0].reshape((*i[:0], 3)),
    "sum": lambda t, i: t.sum(axis=tuple(i)),
}


@pytest.mark.parametrize("name", INDEXED)
@pytest.mark.parametrize("start", [[1, 0], [0, 1]])
def test_index_arrays_and_masks_may_change(name, start):
    f = INDEXED[name]

    def run(change):
        t, i = Tensor(T0), np.array(start)
        y = f(t, i)
        y = (y * np.arange(1.0, y.size + 1).reshape(y.shape)).sum()
        if change:
            i[:] = i[::-1].copy()
        y.backward()
        return t.grad
    np.testing.assert_array_equal(run(True), run(False))


def test_lists_of_parameters_may_change():
    calls = {
        "transpose": (lambda t, p: np.transpose(t, p), [1, 0]), "tile": (lambda t, p: np.tile(t, p), [1, 2]),
        "roll": (lambda t, p: np.roll(t, p, [0, 1]), [1, 0]), "flip": (lambda t, p: np.flip(t, tuple(p)), [0, 1]),
        "moveaxis": (lambda t, p: np.moveaxis(t, p, [0, 1]), [1, 0]),
        "repeat": (lambda t, p: np.repeat(t, p, 0), [1, 2]),
        "pad": (lambda t, p: np.pad(t, p), [1, 2]), "getitem": (lambda t, p: ag.ops.getitem(t, p), [1, 0]),
        "a list in a tuple": (lambda t, p: ag.ops.getitem(t, (slice(None), p)), [1, 0]),
        "reshape": (lambda t, p: ag.ops.reshape(t, p), [3, 2]),
        "windows": (lambda t, p: ag.sliding_window_view(t, p), [2, 1]),
        "insert": (lambda t, p: np.insert(t, p, 1.0, 0), [1, 2]),
    }
    for f, params in calls.values():
        grads = []
        for change in (False, True):
            t, p = Tensor(T0), list(params)
            y = f(t, p)
            y = (y * np.arange(1.0, y.size + 1).reshape(y.shape)).sum()
            if change:
                p[:] = p[::-1]
            y.backward()
            grads.append(t.grad)
        np.testing.assert_array_equal(*grads)


def test_lists_of_operands_may_change():
    t, u = Tensor(T0), Tensor(C0)
    parts, constant = [t, u], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    y = (np.concatenate(parts) ** 2).sum() + (np.stack(parts) * constant).sum()
    parts.reverse()
    constant[0][:] = [0.0] * 3
    y.backward()
    np.testing.assert_array_equal(t.grad, 2 * T0 + T0)


def test_memory_that_others_own(tmp_path):
    file = tmp_path / "numbers"
    file.write_bytes(C0.tobytes())
    mapped = np.memmap(file, dtype=float, shape=C0.shape, mode="r+")
    looked_at = np.memmap(file, dtype=float, shape=C0.shape, mode="r")
    buffer = bytearray(C0.tobytes())
    with file.open("r+b") as f, mmap.mmap(f.fileno(), 0) as raw:
        sources = [mapped, looked_at, np.frombuffer(buffer).reshape(C0.shape),
                   np.frombuffer(memoryview(buffer).toreadonly()).reshape(C0.shape),
                   np.ndarray(C0.shape, buffer=memoryview(buffer).toreadonly()),
                   np.asarray(memoryview(buffer).toreadonly().cast("d", shape=C0.shape)),
                   np.frombuffer(raw).reshape(C0.shape).copy()]
        for c in sources:
            t, u = Tensor(T0), Tensor(c)
            y = (t * t * c).sum() + (u * u).sum()
            mapped[:] = 0
            buffer[:] = bytes(len(buffer))
            y.backward()
            np.testing.assert_array_equal(t.grad, gradient(T0, C0))
            np.testing.assert_array_equal(u.grad, 2 * C0)
            mapped[:] = C0
            buffer[:] = C0.tobytes()


def test_arrays_of_objects_are_no_constants():
    t = Tensor([1.0, 2.0])
    for objects in (np.array([Value(1.0), Value(2.0)], dtype=object), np.array([1.0, 2.0], dtype=object),
                    [Value(1.0), 2.0]):
        with pytest.raises(errors.UsageError, match="stack"):
            t * objects
        with pytest.raises(errors.UsageError, match="stack"):
            Tensor(objects)


def test_gradients_are_the_users_own():
    t = Tensor(T0)
    view = t.reshape(3, 2)
    y = (view * view * C0.reshape(3, 2)).sum()
    y.backward()
    for grad in (view.grad, y.grad):
        with suppress(ValueError):                   # one that nodes share is read-only
            grad[...] = 7
    want = gradient(T0, C0)
    np.testing.assert_array_equal(t.grad, want)
    first = t.grad
    first[:] = 0
    t.zero_grad()
    y.backward()
    np.testing.assert_array_equal(t.grad, want)
    seed = np.ones((2, 3))
    shared = Tensor(T0)
    (shared + 0.0).backward(seed)
    seed[:] = 0
    np.testing.assert_array_equal(shared.grad, np.ones((2, 3)))


def test_what_transforms_were_given_may_change():
    a, v = T0.copy(), np.ones((2, 3))
    _, pull = ag.vjp(lambda x: x * x * C0, a)
    a[:] = 0
    (g,) = pull(v)
    np.testing.assert_array_equal(g, gradient(T0, C0))
    v[:] = 0
    np.testing.assert_array_equal(g, gradient(T0, C0))
    g[:] = 0
    np.testing.assert_array_equal(pull(np.ones((2, 3)))[0], gradient(T0, C0))


def test_data_may_be_assigned_between_graphs():
    """A new array of the same shape; the old one, and what was made of it, stay as they are."""
    t = Tensor(T0)
    old, array = t.data, C0.copy()
    t.data = array
    array[:] = 0
    np.testing.assert_array_equal(t.data, C0)
    np.testing.assert_array_equal(old, T0)
    (t * t).sum().backward()
    np.testing.assert_array_equal(t.grad, 2 * C0)
