"""The data sets that ship, what prepares them, and the IDX reader."""

import dataclasses
import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_nn.core.random as random
from autograd_nn import data
from autograd_nn.data import batches, one_hot, read_idx, split, standardise
from autograd_nn.errors import DataError, UsageError

SETS = {"iris": (data.iris, (150, 4), [50, 50, 50]),
        "wine": (data.wine, (178, 13), [59, 71, 48]),
        "digits": (data.digits, (1797, 64), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])}
every_set = pytest.mark.parametrize("name", SETS)


# --- the sets ---------------------------------------------------------------------------------

@every_set
def test_a_set_is_complete(name):
    load, shape, counts = SETS[name]
    found = load()
    assert found.x.shape == shape and found.x.dtype == np.float32 and np.isfinite(found.x).all()
    assert found.y.shape == shape[:1] and found.y.dtype == np.int64
    assert np.bincount(found.y).tolist() == counts
    assert len(found) == shape[0] and len(found.feature_names) == shape[1] == len(set(found.feature_names))
    assert len(found.class_names) == len(counts)
    assert repr(found) == f"Dataset({name}: {shape[0]} rows, {shape[1]} features, {len(counts)} classes)"
    assert "CC BY 4.0" in found.source and "doi.org/10.24432/" in found.source


@every_set
def test_a_set_cannot_be_spoiled_for_the_next_caller(name):
    found = SETS[name][0]()
    with pytest.raises(ValueError, match="read-only"):
        found.x[0, 0] = 99
    with pytest.raises(ValueError, match="read-only"):
        found.y[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.x = None


@pytest.mark.slow
@every_set
def test_the_sets_equal_scikit_learns(name):
    sets = pytest.importorskip("sklearn.datasets", reason="scikit-learn has the copies to compare with")
    theirs, ours = getattr(sets, f"load_{name}")(), SETS[name][0]()
    assert np.array_equal(ours.x, theirs.data.astype(np.float32))
    assert np.array_equal(ours.y, theirs.target)
    assert list(ours.feature_names) == [n.replace("_", " ") for n in theirs.feature_names]
    if name != "wine":                               # whose classes have only numbers
        assert list(ours.class_names) == [str(n) for n in theirs.target_names]


def test_the_files_are_what_the_export_writes():
    pytest.importorskip("sklearn.datasets", reason="scikit-learn has the copies to export")
    from importlib import resources

    from autograd_nn.data._export import tables
    total = 0
    for name, text in tables().items():
        raw = resources.files(data).joinpath(name).read_bytes()
        total += len(raw)
        shipped = gzip.decompress(raw) if name.endswith(".gz") else raw
        assert shipped.decode().splitlines() == text.splitlines()
    assert total < 150_000


def test_iris_has_the_values_of_the_paper():
    rows = data.iris().x[[34, 37]]
    assert np.array_equal(rows, np.float32([[4.9, 3.1, 1.5, 0.2], [4.9, 3.6, 1.4, 0.1]]))


# --- split ------------------------------------------------------------------------------------

@given(classes=st.lists(st.integers(-2, 5), min_size=2, max_size=60), fraction=st.floats(0.01, 0.99),
       seed=st.integers(0, 99), stratify=st.booleans())
def test_split_deals_out_every_row_once(classes, fraction, seed, stratify):
    rows, y = np.arange(len(classes)), np.array(classes)
    count = round(fraction * len(rows))
    if not 0 < count < len(rows):
        with pytest.raises(DataError, match="leaves no row"):
            split(rows, y, fraction=fraction, rng=seed, stratify=stratify)
        return
    (train, train_y), (test, test_y) = split(rows, y, fraction=fraction, rng=seed, stratify=stratify)
    assert sorted([*train, *test]) == rows.tolist() and len(test) == count
    assert np.array_equal(y[train], train_y) and np.array_equal(y[test], test_y)
    if stratify:
        for k in set(classes):
            assert abs((test_y == k).sum() - (y == k).sum() * count / len(y)) < 1
    again = split(rows, y, fraction=fraction, rng=seed, stratify=stratify)
    assert np.array_equal(again[0][0], train) and np.array_equal(again[1][0], test)


def test_split_of_a_dataset_gives_datasets():
    train, test = split(data.digits(), rng=0)
    assert (len(train), len(test)) == (1348, 449)
    assert train.class_names == test.class_names == data.digits().class_names
    assert not np.array_equal(split(data.digits(), rng=1)[1].x, test.x)


def test_split_shuffles():
    (train, _), _ = split(np.arange(100), np.zeros(100, dtype=int), rng=0)
    assert not np.array_equal(train, np.sort(train))


def test_split_refuses():
    with pytest.raises(DataError, match="3, 4 rows"):
        split(np.ones((3, 2)), np.zeros(4, dtype=int))
    with pytest.raises(DataError, match="float64 of shape"):
        split(np.ones((4, 2)), np.zeros(4))
    with pytest.raises(DataError, match=r"fraction=1\.5"):
        split(data.iris(), fraction=1.5)


# --- standardise and one_hot ------------------------------------------------------------------

@given(x=hnp.arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(1, 5)), elements=st.floats(-100, 100)))
def test_standardise_against_the_formula(x):
    x[:, 0] = 0.1                                    # a constant column, whose mean is not exactly 0.1
    z, other = standardise(x, 2 * x + 1)
    assert not z[:, 0].any() and np.allclose(other[:, 0], 1.1)
    for column, source, moved in zip(z.T[1:], x.T[1:], other.T[1:]):
        if np.ptp(source) > 1e-6:
            assert np.allclose(column, (source - source.mean()) / source.std(), atol=1e-6)
            assert np.allclose(moved, (2 * source + 1 - source.mean()) / source.std(), atol=1e-6)


def test_standardise_keeps_the_dtype_and_refuses():
    assert standardise(data.wine().x)[0].dtype == np.float32
    assert standardise([[1, 2], [3, 5]])[0].dtype == np.float64
    assert standardise([1, 3])[0].tolist() == [-1, 1]
    with pytest.raises(DataError, match="nan or an inf"):
        standardise([[np.nan], [1.0]])
    with pytest.raises(DataError, match="do not go together"):
        standardise(np.ones((3, 2)), np.ones((3, 1)))
    with pytest.raises(DataError, match="no rows"):
        standardise(np.ones((0, 2)))
    with pytest.raises(DataError, match="no real numbers"):
        standardise(["a", "b"])


@given(y=hnp.arrays(np.int64, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0), elements=st.integers(0, 6)))
def test_one_hot_has_a_single_one_where_the_class_is(y):
    found = one_hot(y, 7)
    assert found.shape == (*y.shape, 7) and found.dtype == np.float32
    assert np.array_equal(found.argmax(-1), y) and np.array_equal(found.sum(-1), np.ones(y.shape))


@pytest.mark.parametrize("y", [[0, 3], [-1, 0], [0.0, 1.0], [True]])
def test_one_hot_refuses(y):
    with pytest.raises(DataError, match="one_hot"):
        one_hot(y, 3)


# --- batches ----------------------------------------------------------------------------------

@given(rows=st.integers(1, 50), size=st.integers(1, 60), seed=st.integers(0, 99),
       shuffle=st.booleans(), drop_last=st.booleans())
def test_batches_deal_out_every_row_once_and_aligned(rows, size, seed, shuffle, drop_last):
    x, y = np.arange(rows * 2).reshape(rows, 2), -np.arange(rows)
    options = {"size": size, "shuffle": shuffle, "drop_last": drop_last}
    if drop_last and size > rows:
        with pytest.raises(DataError, match="leaves nothing"):
            batches(x, y, **options)
        return
    parts = list(batches(x, y, rng=seed, **options))
    assert [len(b) for _, b in parts[:-1]] == [size] * (len(parts) - 1)
    seen = np.concatenate([b for _, b in parts])
    assert all(np.array_equal(a[:, 0], -2 * b) for a, b in parts)
    if drop_last:
        assert len(seen) == rows // size * size and len(set(seen)) == len(seen)
    else:
        assert sorted(seen) == sorted(y)
    if not shuffle:
        assert np.array_equal(seen, y[:len(seen)])
    again = list(batches(x, y, rng=seed, **options))
    assert all(np.array_equal(a, b) for one, two in zip(parts, again) for a, b in zip(one, two))


def test_a_generator_gives_another_order_each_epoch_and_a_seed_the_same():
    def order(rng):
        return [int(x[0]) for x, in batches(range(100), size=1, rng=rng)]
    rng = np.random.default_rng(0)
    first, second = order(rng), order(rng)
    assert first != second
    assert order(5) == order(5) != list(range(100))


def test_no_rng_is_the_packages_own(monkeypatch):
    monkeypatch.setattr(random, "_own", random._own)         # restored behind this test
    random.seed(3)
    (first,), = batches(range(100), size=100)
    random.seed(3)
    (second,), = batches(range(100), size=100)
    assert np.array_equal(first, second)


def test_batches_are_copies():
    x = np.arange(6.0)
    parts = [part for part, in batches(x, size=2, shuffle=False)]
    x += 100
    assert np.concatenate(parts).tolist() == [0, 1, 2, 3, 4, 5] and not parts[0].flags.writeable


def test_batches_refuse_at_the_call():
    with pytest.raises(DataError, match="3, 4 rows"):
        batches(np.ones(3), np.ones(4), size=2)
    with pytest.raises(DataError, match="single number"):
        batches(3.0, size=2)
    with pytest.raises(UsageError, match="at least one"):
        batches(size=2)
    for size in (0, -1, 2.0, True, None):
        with pytest.raises(UsageError, match="size must be an integer >= 1"):
            batches(np.ones(3), size=size)


# --- IDX --------------------------------------------------------------------------------------

FORMATS = {"uint8": (0x08, "B"), "int8": (0x09, "b"), "int16": (0x0B, "h"),
           "int32": (0x0C, "i"), "float32": (0x0D, "f"), "float64": (0x0E, "d")}


def idx(array):
    """An IDX file by the words of the format, number by number."""
    code, letter = FORMATS[array.dtype.name]
    header = bytes([0, 0, code, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape)
    return header + b"".join(struct.pack(">" + letter, n) for n in array.ravel().tolist())


any_array = st.sampled_from(sorted(FORMATS)).flatmap(
    lambda name: hnp.arrays(name, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("idx")


@given(array=any_array, packed=st.booleans())
@settings(deadline=None)
def test_idx_is_read_as_it_was_written(folder, array, packed):
    path = folder / "array"
    path.write_bytes(gzip.compress(idx(array), 1, mtime=0) if packed else idx(array))
    found = read_idx(path)
    assert found.dtype == array.dtype and found.dtype.isnative and found.shape == array.shape
    assert found.tobytes() == array.tobytes()
    assert found.flags.writeable


@given(array=any_array, packed=st.booleans(), data=st.data())
@settings(deadline=None)
def test_idx_cut_anywhere_or_with_more_behind_is_refused(folder, array, packed, data):
    whole, path = idx(array), folder / "cut"
    if packed:
        whole = gzip.compress(whole, 1, mtime=0)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for bad in (whole[:cut], whole + b"x"):
        path.write_bytes(bad)
        with pytest.raises(DataError) as error:
            read_idx(str(path))
        assert str(path) in str(error.value) and "\n" not in str(error.value)


GOOD = idx(np.arange(6, dtype=np.int16).reshape(2, 3))
GOOD_GZIP = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize("content, message", [
    (b"", "not an IDX file"),
    (b"\x89PNG\r\n\x1a\n", "not an IDX file"),
    (b"\0\0\x0a\1\0\0\0\1\0", "no type 0x0A"),
    (b"\0\0\x08\3\0\0\0\1", "3 axes are announced, 1 are there"),
    (GOOD[:-1], r"truncated: int16 of shape \(2, 3\) takes 12 bytes after the header, and 11 are there"),
    (GOOD + b"\0", "too long"),
    (b"\0\0\x0e\4" + b"\xff" * 16 + bytes(64), "truncated"),             # claims 2**131 bytes
    (b"\0\0\x08\xff" + bytes(4 * 255), "shape"),                         # more axes than NumPy has
    (b"\0\0\x08\4" + bytes(4) + b"\xff" * 12, "shape"),                  # 0 numbers, longer axes than it has
    (GOOD_GZIP[:-9], "gzip"),
    (GOOD_GZIP[:-8] + bytes(4) + GOOD_GZIP[-4:], "gzip"),                # a wrong checksum
    (GOOD_GZIP[:10] + b"\xff" * 20, "gzip"),
    (gzip.compress(GOOD[:-1], mtime=0), "truncated: int16"),
    (gzip.compress(b"hello, world", mtime=0), "not an IDX file"),
])
def test_idx_says_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "bad.idx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        read_idx(path)
    assert str(error.value).startswith(f"{path}: ")


def test_idx_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "none")
