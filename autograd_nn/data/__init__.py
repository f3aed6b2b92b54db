"""Data: three small sets that ship, a reader of IDX files, and what lies between a file and a network."""

from ._idx import read_idx
from ._prepare import batches, one_hot, split, standardise
from ._sets import Dataset, digits, iris, wine

__all__ = ["Dataset", "batches", "digits", "iris", "one_hot", "read_idx", "split", "standardise", "wine"]
