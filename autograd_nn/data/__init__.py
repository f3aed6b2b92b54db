"""Data: sets that ship, readers of files that do not, and what lies between a file and a network."""

from ._augment import flip, rotate, shift
from ._csv import read_csv
from ._folders import cifar10, cifar100, mnist
from ._idx import read_idx
from ._prepare import batches, one_hot, split, standardise
from ._sets import Dataset, digits, iris, wine
from ._text import (
           PLANTED,
           Vocabulary,
           alice,
           cbow_windows,
           planted_analogies,
           planted_corpus,
           skip_gram_pairs,
           windows,
           words,
)

__all__ = ["PLANTED", "Dataset", "Vocabulary", "alice", "batches", "cbow_windows", "cifar10", "cifar100", "digits",
           "flip", "iris", "mnist", "one_hot", "planted_analogies", "planted_corpus", "read_csv", "read_idx", "rotate",
           "shift", "skip_gram_pairs", "split", "standardise", "windows", "wine", "words"]
