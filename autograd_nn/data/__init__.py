"""Data: sets that ship, readers of files that do not, and what lies between a file and a network."""

from ..core.exports import public_names as _public_names
from ._augment import flip, rotate, shift
from ._csv import read_csv
from ._folders import cifar10, cifar100, mnist
from ._idx import read_idx
from ._prepare import batches, one_hot, split, standardise
from ._sets import Dataset, digits, iris, wine
from ._vocabulary import (
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

__all__ = _public_names(globals())
