"""Data: sets that ship, readers of files that do not, and what lies between a file and a network."""

from ._augment import flip, rotate, shift
from ._csv import read_csv
from ._folders import cifar10, mnist
from ._idx import read_idx
from ._prepare import batches, one_hot, split, standardise
from ._sets import Dataset, digits, iris, wine

__all__ = ["Dataset", "batches", "cifar10", "digits", "flip", "iris", "mnist", "one_hot", "read_csv", "read_idx",
           "rotate", "shift", "split", "standardise", "wine"]
