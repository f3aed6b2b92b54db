"""The data sets that ship with the package: iris, wine, handwritten digits."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from ..ops._frozen import frozen

UCI = "UCI Machine Learning Repository. CC BY 4.0. https://doi.org/"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Rows of measurements, each with the class that it belongs to.

    x               float32 array (rows, features) or (rows, channels, height, width), read-only in the sets that ship
    y               int64 array (rows,): the class of each row, from 0
    feature_names   one name per column of x
    class_names     what each number in y stands for
    name, source    what it is and where it comes from

    >>> flowers = iris()
    >>> flowers
    Dataset(iris: 150 rows, 4 features, 3 classes)
    >>> flowers.x[0], flowers.class_names[flowers.y[0]]
    (array([5.1, 3.5, 1.4, 0.2], dtype=float32), 'setosa')
    """

    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    name: str
    source: str

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        what = f"{len(self.feature_names)} features" if self.feature_names else f"of shape {self.x.shape[1:]}"
        return f"Dataset({self.name}: {len(self)} rows, {what}, {len(self.class_names)} classes)"


def iris() -> Dataset:
    """Iris flowers: 150 rows, 4 lengths in cm, 3 species of 50 each. Fisher (1936).

    The values are those of Fisher's paper; the repository's own file has errors in two rows.

    >>> iris().class_names
    ('setosa', 'versicolor', 'virginica')
    """
    return _load("iris", "iris.csv", f"Fisher, R. A. (1936). Iris [dataset]. {UCI}10.24432/C56C76")


def wine() -> Dataset:
    """Wines: 178 rows, 13 chemical measurements, 3 cultivars. Aeberhard and Forina (1992).

    >>> wine().feature_names[:3]
    ('alcohol', 'malic acid', 'ash')
    """
    return _load("wine", "wine.csv",
                 f"Aeberhard, S. & Forina, M. (1992). Wine [dataset]. {UCI}10.24432/C5PC7J")


def digits() -> Dataset:
    """Handwritten digits: 1797 images of 8 by 8 pixels, row by row, each pixel an integer from 0 to 16.

    This is the test part of the original, from writers of their own. Alpaydin and Kaynak (1998).

    >>> digits().x[0].reshape(8, 8)[0]
    array([ 0.,  0.,  5., 13.,  9.,  1.,  0.,  0.], dtype=float32)
    """
    return _load("digits", "digits.csv.gz",
                 "Alpaydin, E. & Kaynak, C. (1998). Optical Recognition of Handwritten Digits [dataset]. "
                 f"{UCI}10.24432/C50P49")


@cache
def _load(name: str, file: str, source: str) -> Dataset:
    """The table in `file`: a header line, then rows whose last column is the name of the class."""
    raw = resources.files(__package__).joinpath(file).read_bytes()
    text = (gzip.decompress(raw) if file.endswith(".gz") else raw).decode("utf-8")
    header, *rows = (line.split(",") for line in text.splitlines())
    class_names, y = np.unique([row[-1] for row in rows], return_inverse=True)
    x = frozen(np.array([row[:-1] for row in rows], dtype=np.float32))      # one copy serves every caller
    y = frozen(y.astype(np.int64))
    return Dataset(x, y, tuple(header[:-1]), tuple(class_names.tolist()), name, source)
