"""Readers of tables, MNIST and CIFAR; augmentation against what it does to one image."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd_nn import data, errors

# --- tables -------------------------------------------------------------------------------------------


def csv(tmp_path, text, *args, **kwargs):
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return data.read_csv(path, *args, **kwargs)


def test_a_table(tmp_path):
    found = csv(tmp_path, '\ufeffa,"b, c",kind\r\n1, 2.5,x\r\n\r\n-3e2,4,w\r\n', "kind")
    np.testing.assert_array_equal(found.x, np.array([[1, 2.5], [-300, 4]], np.float32))
    assert found.feature_names == ("a", "b, c") and found.y.tolist() == [1, 0] and found.class_names == ("w", "x")


def test_targets_by_kind(tmp_path):
    assert csv(tmp_path, "1;7\n2;5\n3;7\n", -1, header=False, delimiter=";").y.tolist() == [1, 0, 1]
    real = csv(tmp_path, "x,y\n1,0.5\n2,1\n", 1)
    assert real.y.tolist() == [0.5, 1.0] and real.y.dtype == np.float32 and real.class_names == ()
    assert csv(tmp_path, "x,y\n1,2\n").x.shape == (1, 2)
    prices = csv(tmp_path, "x,price\n1,300\n2,100\n3,300\n", "price", classes=False)
    assert prices.y.tolist() == [300.0, 100.0, 300.0] and prices.y.dtype == np.float32 and prices.class_names == ()
    tens = csv(tmp_path, "x,y\n1,10\n2,2\n3,1e300\n", "y")
    assert tens.y.tolist() == [1, 0, 2] and tens.class_names[:2] == ("2", "10")
    halves = csv(tmp_path, "x,y\n1,1.5\n2,0.5\n", "y", classes=True)
    assert halves.y.tolist() == [1, 0] and halves.class_names == ("0.5", "1.5")
    assert csv(tmp_path, "名,種\n1,猫\n2,犬\n", "種").class_names == ("犬", "猫")


def test_missing_values(tmp_path):
    with pytest.raises(errors.DataError, match="line 3, column 'b': there is no value"):
        csv(tmp_path, "a,b\n1,2\n3,NA\n")
    assert csv(tmp_path, "a,b\n1,2\n3,\n", missing=9.0).x.tolist() == [[1, 2], [3, 9]]
    assert np.isnan(csv(tmp_path, "a,b\n1,?\n", missing=float("nan")).x[0, 1])


@pytest.mark.parametrize(("text", "given", "told"), [
    ("a,b\n1,2,3\n", {}, "line 2 has 3 cells"), ("a,b\n1,dog\n", {}, "'dog' is no number"), ("", {}, "no rows"),
    ("a,b\n", {}, "below its header"), ("a,b\n1,2\n", {"target": "c"}, "no one column 'c'; it has a, b"),
    ("a,a\n1,2\n", {"target": "a"}, "no one column"), ("a,b\n1,2\n", {"target": 5}, "no one column"),
    ("a,b\n1,\n", {"target": "b"}, "no target"), (b"a,b\n\xff\xfe,2\n", {}, "no text table"),
    ("a,b\n1_0,2\n", {}, "'1_0' is no number"), ("a,b\n1,1e39\n", {}, "line 2, column 'b': 1e39 is too large"),
    ("a,b\n1,cat\n", {"target": "b", "classes": False}, "'cat' is no number"),
    ("a,b\n1,2\n", {"delimiter": ";;"}, "delimiter"), ("a,b\n1,2\n", {"encoding": "nope"}, "unknown encoding"),
    ('a,b\n"1,2\n', {}, "no text table")])
def test_table_errors(tmp_path, text, given, told):
    with pytest.raises((errors.DataError, errors.UsageError), match=told):
        csv(tmp_path, text, **given)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        data.read_csv(tmp_path / "none.csv")


# --- images -------------------------------------------------------------------------------------------

def idx(array):
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def test_mnist(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {f"{part}-{kind}": rng.integers(0, 10 if "labels" in kind else 256, shape, np.uint8)
              for part, n in (("train", 6), ("t10k", 2))
              for kind, shape in (("images-idx3-ubyte", (n, 28, 28)), ("labels-idx1-ubyte", (n,)))}
    with pytest.raises(FileNotFoundError, match=r"(?s)train-images-idx3-ubyte.*put the files"):
        data.mnist(tmp_path)
    for i, (name, array) in enumerate(arrays.items()):
        path = tmp_path / (name + ".gz" * (i % 2))
        path.write_bytes(gzip.compress(idx(array)) if i % 2 else idx(array))
    training, test = data.mnist(tmp_path)
    assert training.x.shape == (6, 1, 28, 28) and training.x.dtype == np.float32
    np.testing.assert_allclose(training.x[:, 0] * 255, arrays["train-images-idx3-ubyte"], rtol=1e-6)
    assert test.y.tolist() == arrays["t10k-labels-idx1-ubyte"].tolist() and "of shape (1, 28, 28)" in repr(test)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(idx(arrays["train-labels-idx1-ubyte"]))
    with pytest.raises(errors.DataError, match="belong together"):
        data.mnist(tmp_path)


def test_cifar(tmp_path):
    rng = np.random.default_rng(0)
    with pytest.raises(FileNotFoundError, match=r"data_batch_1\.bin"):
        data.cifar10(tmp_path)
    labels, pixels = rng.integers(0, 10, (6, 2), np.uint8), rng.integers(0, 256, (6, 2, 3072), np.uint8)
    for i, name in enumerate([*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"]):
        (tmp_path / name).write_bytes(b"".join(bytes([y]) + x.tobytes() for y, x in zip(labels[i], pixels[i])))
    training, test = data.cifar10(tmp_path)
    assert training.x.shape == (10, 3, 32, 32) and test.x.shape == (2, 3, 32, 32)
    assert training.y.tolist() == labels[:5].ravel().tolist() and len(test.class_names) == 10
    red_first_row = pixels[5, 1, :32] / np.float32(255)
    np.testing.assert_array_equal(test.x[1, 0, 0], red_first_row)
    (tmp_path / "data_batch_3.bin").write_bytes(b"\x03" * 3000)
    with pytest.raises(errors.DataError, match="a record has 3073"):
        data.cifar10(tmp_path)
    (tmp_path / "data_batch_3.bin").write_bytes(b"\x0b" * 3073)
    with pytest.raises(errors.DataError, match="label 11"):
        data.cifar10(tmp_path)


def test_cifar_compressed_and_of_100_classes(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (2, 4, 3072), np.uint8)
    labels = rng.integers(0, [3, 5], (2, 4, 2)).astype(np.uint8)
    with pytest.raises(FileNotFoundError, match=r"train\.bin"):
        data.cifar100(tmp_path)
    for i, name in enumerate(("train.bin.gz", "test.bin")):
        raw = b"".join(bytes(y) + x.tobytes() for y, x in zip(labels[i], pixels[i]))
        (tmp_path / name).write_bytes(gzip.compress(raw) if i == 0 else raw)
    (tmp_path / "fine_label_names.txt").write_text("apple\nbaby\nbear\nbed\nbee\n\n")
    (tmp_path / "coarse_label_names.txt").write_text("fruit\npeople\nbeasts\n")
    for coarse, column, names in ((False, 1, 5), (True, 0, 3)):
        training, test = data.cifar100(tmp_path, coarse=coarse)
        assert training.y.tolist() == labels[0, :, column].tolist() and len(test.class_names) == names
        np.testing.assert_array_equal(training.x[2].ravel(), pixels[0, 2] / np.float32(255))
    (tmp_path / "coarse_label_names.txt").write_text("fruit\n")
    with pytest.raises(errors.DataError, match="there are 1 classes"):
        data.cifar100(tmp_path, coarse=True)
    (tmp_path / "train.bin.gz").write_bytes((tmp_path / "train.bin.gz").read_bytes()[:-20])
    with pytest.raises(errors.DataError, match="corrupt or truncated"):
        data.cifar100(tmp_path)


# --- augmentation ---------------------------------------------------------------------------------------

batches = hnp.arrays(np.int64, st.sampled_from([(3, 4, 5), (2, 3, 4, 4), (1, 1, 6, 3)]), elements=st.integers(1, 99))


@given(batches, st.integers(0, 3), st.integers(0, 99))
def test_each_image_is_shifted_whole(x, pixels, seed):
    moved = data.shift(x, pixels, rng=seed, fill=-1)
    assert moved.shape == x.shape and moved.dtype == x.dtype
    height, width = x.shape[-2:]
    for before, after in zip(x, moved):
        def by(down, across, before=before):
            framed = np.full((*before.shape[:-2], height + 6, width + 6), -1)
            framed[..., 3:3 + height, 3:3 + width] = before
            return framed[..., 3 - down:3 - down + height, 3 - across:3 - across + width]
        assert any((by(i, j) == after).all() for i in range(-pixels, pixels + 1) for j in range(-pixels, pixels + 1))


def test_shifts_differ_between_images_and_reach_the_limits():
    x = np.zeros((500, 5, 5))
    x[:, 2, 2] = 1
    places = {tuple(np.argwhere(image)[0]) for image in data.shift(x, 2, rng=0)}
    assert places == {(i, j) for i in range(5) for j in range(5)}


@given(batches, st.sampled_from([-1, -2]), st.integers(0, 99))
def test_flips(x, axis, seed):
    turned = data.flip(x, 0.5, axis=axis, rng=seed)
    assert all((a == b).all() or (a == np.flip(b, axis)).all() for a, b in zip(turned, x))
    assert (data.flip(x, 0.0) == x).all() and (data.flip(x, 1.0, axis=axis) == np.flip(x, axis)).all()


def test_rotations(monkeypatch):
    x = np.random.default_rng(0).normal(size=(2, 3, 7, 7)).astype(np.float32)
    np.testing.assert_array_equal(data.rotate(x, 0, rng=0), x)

    class Always(np.random.Generator):
        def uniform(self, low, high, size):
            return np.full(size, high)
    rng = Always(np.random.PCG64(0))
    np.testing.assert_allclose(data.rotate(x, 90, rng=rng), np.rot90(x, 1, axes=(-2, -1)), atol=1e-5)
    np.testing.assert_allclose(data.rotate(x[:, 0], 180, rng=rng), x[:, 0, ::-1, ::-1], atol=1e-5)
    bar = np.zeros((1, 9, 9), np.uint8)
    bar[0, 4, 1:8] = 200
    assert data.rotate(bar, 30, rng=rng).dtype == np.uint8 and data.rotate(bar, 30, rng=rng).max() <= 200


@pytest.mark.parametrize("call", [
    lambda: data.shift(np.zeros((4, 64)), 1), lambda: data.shift(np.zeros((1, 4, 4)), -1),
    lambda: data.shift(np.zeros((1, 4, 4)), 0.5), lambda: data.flip(np.zeros((1, 4, 4)), 2.0),
    lambda: data.flip(np.zeros((1, 4, 4)), axis=0), lambda: data.rotate(np.zeros((1, 4, 4)), -5),
    lambda: data.rotate(np.array([[["a"]]]), 5), lambda: data.rotate(np.zeros((1, 4, 4)), "a"),
    lambda: data.flip(np.zeros((1, 4, 4)), "a"), lambda: data.shift(np.zeros((1, 4, 4), int), 1, fill=float("nan")),
    lambda: data.shift(np.zeros((1, 4, 4), np.uint8), 1, fill=-1), lambda: data.shift(np.zeros((1, 4, 4)), 1, fill="x"),
    lambda: data.shift(np.zeros((1, 4, 4), int), 1, fill=0.5)])
def test_augmentation_errors(call):
    with pytest.raises(errors.AutogradError):
        call()
