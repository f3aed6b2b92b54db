# Generated from the op table by `python -m autograd_nn.notation.generate`; do not edit.
from ._augment import flip as flip
from ._augment import rotate as rotate
from ._augment import shift as shift
from ._csv import read_csv as read_csv
from ._folders import cifar10 as cifar10
from ._folders import cifar100 as cifar100
from ._folders import mnist as mnist
from ._idx import read_idx as read_idx
from ._prepare import batches as batches
from ._prepare import one_hot as one_hot
from ._prepare import split as split
from ._prepare import standardise as standardise
from ._sets import Dataset as Dataset
from ._sets import digits as digits
from ._sets import iris as iris
from ._sets import wine as wine
from ._vocabulary import PLANTED as PLANTED
from ._vocabulary import Vocabulary as Vocabulary
from ._vocabulary import alice as alice
from ._vocabulary import cbow_windows as cbow_windows
from ._vocabulary import planted_analogies as planted_analogies
from ._vocabulary import planted_corpus as planted_corpus
from ._vocabulary import skip_gram_pairs as skip_gram_pairs
from ._vocabulary import windows as windows
from ._vocabulary import words as words

__all__: list[str]
