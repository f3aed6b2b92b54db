"""A tool of the developers: write the data sets that ship, from scikit-learn's copies.

`python -m autograd_nn.data._export` rewrites the files beside this one.
"""

from __future__ import annotations

import gzip
from importlib import import_module
from pathlib import Path
from typing import Any


def tables() -> dict[str, str]:
    """The text of each file that ships, by file name."""
    source = import_module("sklearn.datasets")
    wine = source.load_wine()
    wine.target_names = [f"cultivar {i + 1}" for i in range(3)]     # the original numbers them 1, 2, 3
    return {"iris.csv": _csv(source.load_iris()),
            "wine.csv": _csv(wine),
            "digits.csv.gz": _csv(source.load_digits())}


def _csv(bunch: Any) -> str:
    header = [name.replace("_", " ") for name in bunch.feature_names] + ["class"]
    rows = [[f"{v:.16g}" for v in x] + [str(bunch.target_names[y])] for x, y in zip(bunch.data, bunch.target)]
    return "".join(",".join(line) + "\n" for line in [header, *rows])


if __name__ == "__main__":
    for name, text in tables().items():
        data = text.encode("utf-8")
        packed = gzip.compress(data, 9, mtime=0) if name.endswith(".gz") else data
        Path(__file__).with_name(name).write_bytes(packed)
        print(f"{name}: {len(packed)} bytes")
