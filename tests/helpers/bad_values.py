"""Things that a function is given by mistake, or by someone who wants to see what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_nn import Tensor, Value, nn


class Thing:
    """Something that is nothing in particular."""


BAD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "a string": lambda: "text",
    "an empty string": lambda: "",
    "an object": Thing,
    "-1": lambda: -1,
    "0": lambda: 0,
    "7": lambda: 7,
    "2**40": lambda: 2**40,
    "1e308": lambda: 1e308,
    "0.5": lambda: 0.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "10**400": lambda: 10**400,
    "10**5000": lambda: 10**5000,
    "10**9": lambda: 10**9,
    "True": lambda: True,
    "1j": lambda: 1j,
    "[]": list,
    "()": tuple,
    "a ragged list": lambda: [[1.0], [2.0, [3.0]]],
    "a list of lists": lambda: [[1, 2], [3, 4]],
    "a list of strings": lambda: ["a", "b"],
    "{}": dict,
    "a dict": lambda: {"a": 1.0, 2: None},
    "a function": lambda: lambda *args: args,
    "a generator": lambda: (i for i in range(3)),
    "a type": lambda: int,
    "bytes": lambda: b"\x00ab",
    "a set": lambda: {1, 2},
    "a slice": lambda: slice(0, 2),
    "an empty array": lambda: np.zeros((0, 3)),
    "an array (4, 5)": lambda: np.ones((4, 5)),
    "an array of nan": lambda: np.full((2, 3), np.nan),
    "an array of strings": lambda: np.array(["a", "b"]),
    "an array of objects": lambda: np.array([None, 1], dtype=object),
    "an array of int8": lambda: np.ones((2, 3), np.int8),
    "an array of bool": lambda: np.ones((2, 3), bool),
    "an array of complex": lambda: np.ones(3) * 1j,
    "an array of float16": lambda: np.ones((2, 3), np.float16),
    "a Tensor (3, 4)": lambda: Tensor(np.ones((3, 4))),
    "a Value": lambda: Value(2.0),
    "a Module": lambda: nn.Linear(3, 2, rng=0),
    "a date": lambda: np.datetime64("2020-01-01"),
}
