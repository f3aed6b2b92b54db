"""From a table to what a network eats: split, standardise, one-hot, batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from ..core.options import flag, whole_number
from ..core.random import Rng, generator
from ..errors import AutogradError, DataError, UsageError
from ..ops._arguments import affordable
from ..ops._frozen import frozen
from ._sets import Dataset

Array = np.ndarray[Any, Any]


@overload
def split(dataset: Dataset, /, *, fraction: float = 0.25, rng: Rng = None,
          stratify: bool = True) -> tuple[Dataset, Dataset]: ...
@overload
def split(*arrays: ArrayLike, fraction: float = 0.25, rng: Rng = None,
          stratify: bool = True) -> tuple[tuple[Array, ...], tuple[Array, ...]]: ...
def split(*data: Any, fraction: float = 0.25, rng: Rng = None, stratify: bool = True) -> Any:
    """Two random parts, `(train, test)`: `fraction` of the rows, rounded, goes to the test.

    A Dataset gives two Datasets; arrays of equal length give two tuples of arrays. With `stratify`
    each class is shared out in the same proportion, as nearly as whole rows allow; the classes are
    those of the Dataset, or the last array, which must then be of integers.

    Raises DataError for arrays that do not fit together and for a part without rows.

    >>> from autograd_nn.data import iris
    >>> train, test = split(iris(), rng=0)
    >>> len(train), np.bincount(test.y)
    (112, array([13, 13, 12]))
    >>> (train_x, train_y), (test_x, test_y) = split(np.ones((8, 3)), [0, 1] * 4, rng=0)
    >>> train_x.shape, np.sort(test_y)
    ((6, 3), array([0, 1]))
    """
    if len(data) == 1 and isinstance(data[0], Dataset):
        whole = data[0]
        (x, y), (test_x, test_y) = split(whole.x, whole.y, fraction=fraction, rng=rng, stratify=stratify)
        return replace(whole, x=x, y=y), replace(whole, x=test_x, y=test_y)
    arrays = _aligned("split", data)
    rows = len(arrays[0])
    count = round(fraction * rows)
    if not 0 < count < rows:
        raise DataError(f"split: fraction={fraction!r} of {rows} rows leaves no row for the test or none to train on\n"
                        "  help: a fraction between 0 and 1, such as 0.25")
    classes = _classes_of(arrays[-1]) if stratify else np.zeros(rows, dtype=np.int64)
    order = generator(rng).permutation(rows)
    held_out = _first_of_each_class(classes[order], count)
    train, test = order[~held_out], order[held_out]
    return tuple(a[train] for a in arrays), tuple(a[test] for a in arrays)


def _classes_of(y: Array) -> Array:
    if y.ndim != 1 or y.dtype.kind not in "iub":
        raise DataError(f"split: stratify shares out the classes in the last array, and that is {y.dtype} of shape "
                        f"{y.shape}\n  help: give integer classes (rows,) last, or stratify=False")
    return np.unique(y, return_inverse=True)[1]


def _first_of_each_class(classes: Array, count: int) -> Array:
    """A mask of `count` rows, the first of each class, by the method of the largest remainder."""
    sizes = np.bincount(classes)
    exact = sizes * count / len(classes)
    quota = np.floor(exact).astype(np.int64)
    largest = np.argsort(quota - exact, kind="stable")[:count - quota.sum()]
    quota[largest] += 1
    mask = np.zeros(len(classes), dtype=bool)
    for k, take in enumerate(quota):
        mask[np.flatnonzero(classes == k)[:take]] = True
    return mask


def standardise(train_x: ArrayLike, *others: ArrayLike) -> tuple[Array, ...]:
    """(x - mean) / std per column, with the mean and std of the first array for all of them.

    Takes arrays (rows, ...) that agree in all but the number of rows; floats keep their dtype,
    integers become float64. A column that is constant in `train_x` is only shifted, to 0 there.

    Raises DataError for `train_x` without rows, other columns, and a nan or inf in `train_x`.

    >>> train, test = standardise([[1.0, 7.0], [3.0, 7.0]], [[5.0, 7.5]])
    >>> print(train, test)
    [[-1.  0.]
     [ 1.  0.]] [[3.  0.5]]
    """
    arrays = [_aligned("standardise", (x,))[0] for x in (train_x, *others)]
    first = arrays[0]
    if not len(first):
        raise DataError(f"standardise: there are no rows to take mean and std of, in an array of shape {first.shape}")
    for a in arrays:
        if a.dtype.kind not in "fiub":
            raise DataError(f"standardise: an array of {a.dtype} holds no real numbers")
        if a.shape[1:] != first.shape[1:]:
            raise DataError(f"standardise: rows of shape {first.shape[1:]} and {a.shape[1:]} do not go together")
    wide = first.astype(np.float64)
    if not np.isfinite(wide).all():
        raise DataError("standardise: the first array holds a nan or an inf, so its mean and std mean nothing")
    constant, std = (wide == wide[0]).all(axis=0), wide.std(axis=0)
    mean = np.where(constant, wide[0], wide.mean(axis=0))       # exactly: a mean of equal numbers is rounded
    std = np.where(constant | (std == 0), 1.0, std)             # differences below 1e-162 vanish when squared
    return tuple(((a - mean) / std).astype(a.dtype if a.dtype.kind == "f" else np.float64) for a in arrays)


def one_hot(y: ArrayLike, classes: int) -> Array:
    """1 at the class and 0 elsewhere: float32, of the shape of y with an axis of `classes` behind.

    Raises DataError unless y holds integers from 0 to classes - 1.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    y, classes = _array("one_hot", y), whole_number("one_hot: classes", classes)
    affordable("one_hot", *y.shape, classes)
    if y.dtype.kind not in "iu" and y.size:
        raise DataError(f"one_hot: classes are integers, not {y.dtype}")
    if y.size and not (y.min() >= 0 and y.max() < classes):
        raise DataError(f"one_hot: classes from {y.min()} to {y.max()} do not fit in 0 to {classes - 1}")
    return np.asarray(y[..., None] == np.arange(classes), dtype=np.float32)


def batches(*arrays: ArrayLike, size: int, rng: Rng = None, shuffle: bool = True,
            drop_last: bool = False) -> Iterator[tuple[Array, ...]]:
    """Each row once, `size` rows at a time: an iterator over tuples of one part of every array.

    Rows stay aligned: row i of a part comes from the same place in every array. The parts are read-only
    copies, which a graph need not copy once more; x.copy() of one may be changed. The order is drawn from
    `rng` at the call; a Generator gives another one each epoch, a seed the same one always. A last part of
    fewer rows comes too, unless `drop_last`.

    Of no rows there are no parts. Raises DataError for arrays of unequal length, and where `drop_last`
    leaves no batch; UsageError for a size that is no positive integer.

    >>> [x.tolist() for x, in batches([0, 1, 2, 3, 4], size=2, shuffle=False)]
    [[0, 1], [2, 3], [4]]
    >>> sorted(int(x[0]) for x, y in batches(range(3), range(3), size=1, rng=0))
    [0, 1, 2]
    """
    whole = _aligned("batches", arrays)
    size, shuffle = whole_number("batches: size", size), flag("batches: shuffle", shuffle)
    drop_last = flag("batches: drop_last", drop_last)
    rows = len(whole[0])
    if drop_last and size > rows > 0:
        raise DataError(f"batches: size={size} with drop_last leaves nothing of {rows} rows")
    order = generator(rng).permutation(rows) if shuffle else np.arange(rows)
    stop = rows - rows % size if drop_last else rows
    return (tuple(_part(a, order[i:i + size]) for a in whole) for i in range(0, stop, size))


def _part(whole: Array, rows: Array) -> Array:
    part = whole[rows]
    return part if part.dtype.hasobject else frozen(part)


def _array(what: str, x: Any) -> Array:
    try:
        return np.asarray(x)
    except AutogradError:
        raise
    except (ValueError, TypeError) as error:
        raise DataError(f"{what}: this is no array ({error})") from None


def _aligned(what: str, arrays: tuple[Any, ...]) -> list[Array]:
    """The arguments as arrays, with one and the same number of rows."""
    if not arrays:
        raise UsageError(f"{what}: at least one array is needed")
    found = [_array(what, a) for a in arrays]
    if any(a.ndim == 0 for a in found):
        raise DataError(f"{what}: a single number has no rows")
    lengths = [len(a) for a in found]
    if len(set(lengths)) > 1:
        raise DataError(f"{what}: arrays of {', '.join(map(str, lengths))} rows; row i of each must belong together")
    return found
