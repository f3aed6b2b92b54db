"""word2vec: vectors of words, learned from the words that stand near them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..core.node import data_of
from ..core.options import float_dtype, items, lengths, real_number, string, whole_number
from ..core.random import Rng, generator
from ..errors import DataError, ShapeError
from ..ops import shape_of
from ..ops._arguments import affordable
from ..ops._refusal import shown_in_error
from . import init as initialisers
from ._inputs import of_values, traced
from .embedding import Embedding, indices
from .module import Module

Array = np.ndarray[Any, Any]


class _Word2Vec(Module):
    """What SkipGram and CBOW share: two tables of vectors, the draw of random words, the search for near words."""

    def __init__(self, words: Sequence[str], dim: int, counts: Any = None, negative: int = 5, power: float = 0.75, *,
                 rng: Rng = None, dtype: Any = np.float32) -> None:
        name = type(self).__name__
        self.words = tuple(string(f"{name}: a word", w) for w in items(f"{name}: words", words, "words"))
        self.dim, self.negative = whole_number(f"{name}: dim", dim), whole_number(f"{name}: negative", negative)
        n = whole_number(f"{name}: the number of words", len(self.words))
        affordable(name, n, self.dim)
        power, dtype = real_number(f"{name}: power", power), float_dtype(f"{name}: dtype", dtype)
        try:
            weights = np.ones(n) if counts is None else np.asarray(counts, dtype=float)
        except (TypeError, ValueError, OverflowError):
            raise DataError(f"{name}: counts has a number >= 0 for each of the {n} words, and this is "
                            f"{shown_in_error(counts)}") from None
        if weights.shape != (n,) or not np.all(weights >= 0) or not weights.any():
            raise DataError(f"{name}: counts has a number >= 0 for each of the {n} words, and this is "
                            f"{shown_in_error(counts)}")
        weights = weights ** power
        self._cumulated = np.cumsum(weights / weights.sum())
        self._place = {word: i for i, word in enumerate(self.words)}
        self.rng = generator(rng)
        self.vectors = Embedding(n, dim, rng=self.rng, dtype=dtype)
        start = initialisers.uniform((n, dim), -0.5 / dim, 0.5 / dim, rng=self.rng, dtype=dtype)
        self.vectors.weight.data = start
        self.outputs = Embedding(n, dim, rng=self.rng, dtype=dtype)
        self.outputs.weight.data = np.zeros((n, dim))

    def noise(self, shape: Any) -> Array:
        """Words drawn with probability count^power / sum of count^power, as an array of indices."""
        shape = lengths(f"{type(self).__name__}.noise: shape", shape)
        drawn = np.searchsorted(self._cumulated, self.rng.random(shape), side="right")
        return np.asarray(np.minimum(drawn, len(self.words) - 1))       # the sum may be 1 less a rounding

    def loss(self, hidden: Any, target: Any) -> Any:
        """-log s(u_t . h) - sum over drawn words k of log s(-u_k . h), s the sigmoid: the mean over rows, a Tensor ().

        hidden      what forward gave (rows, dim)
        target      the words that were there, (rows,) indices

        A drawn word that is the target itself counts for nothing. Raises DataError for an index out of range,
        ShapeError where rows and targets are not as many.
        """
        target = indices(type(self).__name__, target, len(self.words))
        hidden = hidden if traced(hidden) else of_values(hidden)
        if target.shape != shape_of(hidden)[:-1] or not target.size:
            raise ShapeError(f"{type(self).__name__}: rows of shape {shape_of(hidden)} need a target each, and these "
                             f"have shape {target.shape}")
        drawn = self.noise((*target.shape, self.negative))
        there = self.outputs(np.concatenate([target[..., None], drawn], axis=-1))
        scores = (there @ ops.reshape(hidden, (*shape_of(hidden), 1)))[..., 0]
        sign = np.where(np.arange(1 + self.negative) == 0, -1, 1).astype(self.outputs.weight.dtype)
        weight = np.concatenate([np.ones((*target.shape, 1), bool), drawn != target[..., None]], axis=-1)
        return ops.sum(ops.softplus(scores * sign) * weight.astype(sign.dtype)) / target.size

    # --- what was learned -----------------------------------------------------------------------
    def __getitem__(self, word: str) -> Array:
        """The vector of a word (dim,). Raises DataError for one that is not known."""
        return np.asarray(self.vectors.weight.data[self._index(word)])

    def neighbours(self, word: str, k: int = 5) -> list[tuple[str, float]]:
        """The k words whose vectors have the largest cosine with that of `word`, each with this cosine."""
        return self._nearest(self._unit()[self._index(word)], {word}, k)

    def analogy(self, a: str, b: str, c: str, k: int = 1) -> list[tuple[str, float]]:
        """a is to b as c is to ...: the k words nearest to b - a + c (of unit vectors), none of the three among them.

        Source: Mikolov, Yih & Zweig 2013.
        """
        unit = self._unit()
        return self._nearest(unit[self._index(b)] - unit[self._index(a)] + unit[self._index(c)], {a, b, c}, k)

    def _unit(self) -> Array:
        vectors = np.asarray(data_of(self.vectors.weight), dtype=float)
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))

    def _nearest(self, vector: Array, without: set[str], k: int) -> list[tuple[str, float]]:
        cosines = self._unit() @ (vector / max(float(np.linalg.norm(vector)), 1e-12))
        order = [i for i in np.argsort(-cosines, kind="stable").tolist() if self.words[i] not in without]
        return [(self.words[i], float(cosines[i])) for i in order[:whole_number("k", k)]]

    def _index(self, word: str) -> int:
        if not isinstance(word, str) or word not in self._place:
            raise DataError(f"{type(self).__name__}: {shown_in_error(word)} is none of the {len(self.words)} words")
        return self._place[word]

    def extra_repr(self) -> str:
        return f"{len(self.words)} words, {self.dim}"


class SkipGram(_Word2Vec):
    """Words by the words around them: the vector of a word is to tell those near it from words drawn at random.

        loss = -log sigmoid(u_context . v_centre) - sum over `negative` drawn words k of log sigmoid(-u_k . v_centre)

    words       the words, such as `vocabulary.tokens`
    counts      how often each occurs; words are drawn with counts^power (all alike by default)
    negative    how many words are drawn for each pair
    rng         a seed, a numpy.random.Generator or None; `model.rng` is the generator

    `vectors.weight` (words, dim) are the v, which start uniform on +-1/(2 dim), `outputs.weight` the u, from 0.
    For train.fit: x the centres, y the contexts (data.skip_gram_pairs), loss=model.loss. Raises DataError for
    counts that do not fit and words that are not known. Source: Mikolov et al. 2013.

    >>> from autograd_nn import nn
    >>> model = nn.SkipGram(["a", "b", "c"], dim=4, rng=0)
    >>> model.loss(model([0, 1]), [1, 2]).item().__round__(2) <= 4.16        # 6 ln 2, less the targets drawn
    True
    """

    def forward(self, centre: Any) -> Any:
        """The vectors of these words, (rows, dim) for (rows,) indices."""
        return self.vectors(centre)


class CBOW(_Word2Vec):
    """Words from the words around them: the mean of their vectors is to tell the word from words drawn at random.

    Arguments, tables and errors as for SkipGram. For train.fit: x the contexts, y the centres
    (data.cbow_windows), loss=model.loss. Source: Mikolov et al. 2013.

    >>> from autograd_nn import nn
    >>> model = nn.CBOW(["a", "b", "c"], dim=4, rng=0)
    >>> model([[0, 2], [1, -1]]).shape
    (2, 4)
    """

    def forward(self, contexts: Any) -> Any:
        """The mean of the vectors of each row's words: (rows, dim) for (rows, places) indices, -1 where there is none.

        Raises DataError for a row without a word.
        """
        contexts = of_values(contexts)
        there = contexts != -1
        if contexts.ndim != 2 or not there.any(axis=-1).all():
            raise DataError(f"CBOW takes contexts (rows, places) with a word in each row, and these have shape "
                            f"{contexts.shape}")
        found = self.vectors(np.where(there, contexts, 0))
        share = (there / there.sum(axis=-1, keepdims=True)).astype(self.vectors.weight.dtype)
        return ops.sum(found * share[..., None], axis=1)
