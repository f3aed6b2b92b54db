"""Text for networks: vocabularies, windows, pairs of words, and a text that ships."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..core import options
from ..core.random import Rng, generator
from ..errors import DataError, UsageError
from ..ops._refusal import shown_in_error, takes

Array = np.ndarray[Any, Any]
SENTENCES = "a list of sentences, each a list of integers"
WIDEST = 10**6                     # places of a window; a sentence has fewer words


@cache
def alice() -> str:
    """The opening of Alice's Adventures in Wonderland: 6,400 characters, with straight quotation marks.

    Lewis Carroll, 1865; in the public domain.

    >>> alice()[33:58]
    'Alice was beginning to ge'
    """
    return resources.files(__package__).joinpath("alice.txt").read_text(encoding="utf-8")


def words(text: str) -> list[str]:
    """The words of a text in lower case, without what stands between them; an apostrophe may be inside one.

    >>> words("Down, down: it'll never do!")
    ['down', 'down', "it'll", 'never', 'do']
    """
    text = options.string("words: text", text)
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower())


class Vocabulary:
    """The tokens of a text, numbered from the most frequent to the rarest; among equals the first one comes first.

    tokens      a text (its characters are the tokens), or a sequence of words
    unknown     a token, number 0, that stands for all others; None refuses them
    min_count   tokens that occur less often are left out, and unknown

    `tokens` is the tuple of them, `counts` an array of how often each occurred (the unknown one: how often
    all that were left out did). Raises DataError where no token is left.

    >>> vocabulary = Vocabulary("banana")
    >>> vocabulary.tokens, vocabulary.counts, vocabulary.decode(vocabulary.encode("nab"))
    (('a', 'n', 'b'), array([3, 2, 1]), 'nab')
    >>> Vocabulary("to be or not to be".split(), unknown="?", min_count=2).encode(["be", "quick"])
    array([2, 0])
    """

    def __init__(self, tokens: Iterable[str], *, unknown: str | None = None, min_count: int = 1) -> None:
        self.characters = isinstance(tokens, str)
        tokens = tokens if self.characters else options.items("Vocabulary: tokens", tokens, "words")
        min_count = options.whole_number("Vocabulary: min_count", min_count)
        for token in tokens if unknown is None else [*tokens, unknown]:
            options.string("Vocabulary: a token", token)
        counts = Counter(tokens)
        left_out = sum(n for token, n in counts.items() if n < min_count or token == unknown)
        kept = [(token, n) for token, n in counts.most_common() if n >= min_count and token != unknown]
        kept = kept if unknown is None else [(unknown, left_out), *kept]
        if not kept:
            raise DataError(f"Vocabulary: no token occurs {min_count} times or more")
        self.unknown = unknown
        self.tokens = tuple(token for token, _ in kept)
        self.counts: Array = np.array([n for _, n in kept], dtype=np.int64)
        self._place: dict[Hashable, int] = {token: i for i, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return isinstance(token, Hashable) and token in self._place

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} {'characters' if self.characters else 'words'})"

    def encode(self, tokens: Iterable[str]) -> Array:
        """The number of each token: int64. Raises DataError for one that is not known, where none stands for it.

        >>> Vocabulary("abc").encode("cab")
        array([2, 0, 1])
        """
        if isinstance(tokens, str) and not self.characters:
            raise UsageError(f"encode: this vocabulary is of words, and {shown_in_error(tokens)} is a text\n"
                             "  help: data.words(text), or text.split()")
        tokens = tokens if isinstance(tokens, str) else options.items("encode: tokens", tokens, "words")
        other = None if self.unknown is None else 0
        found = [self._place.get(options.string("encode: a token", token), other) for token in tokens]
        if None in found:
            missing = shown_in_error(tokens[found.index(None)])
            raise DataError(f"encode: {missing} is not in this vocabulary of {len(self)}\n"
                            '  help: Vocabulary(..., unknown="?") has a token for all others')
        return np.array(found, dtype=np.int64)

    def decode(self, indices: ArrayLike) -> Any:
        """The tokens of these numbers: a text, or a list of words. Raises DataError for a number out of range.

        >>> Vocabulary(["yes", "no"]).decode([1, 0])
        ['no', 'yes']
        """
        try:
            places = np.asarray(indices)
        except (TypeError, ValueError):
            places = np.empty(())
        if places.ndim != 1 or (places.size and (places.dtype.kind not in "iu" or places.min() < 0
                                                 or places.max() >= len(self))):
            raise DataError(f"decode: takes a row of integers from 0 to {len(self) - 1}, not {shown_in_error(indices)}")
        found = [self.tokens[i] for i in places.tolist()]
        return "".join(found) if self.characters else found


@takes("a row of tokens, and how many stand in each part")
def windows(sequence: ArrayLike, length: int, step: int | None = None) -> tuple[Array, Array]:
    """Parts of a sequence, and what follows each element: (x, y), both (parts, length), y one place further on.

    step    from the start of one part to the next; `length` by default, so that none overlap

    Elements at the end that fill no part are left out. Raises DataError for a sequence that is shorter than
    length + 1 or no row.

    >>> x, y = windows([1, 2, 3, 4, 5, 6], 2)
    >>> x.tolist(), y.tolist()
    ([[1, 2], [3, 4]], [[2, 3], [4, 5]])
    """
    length = options.whole_number("windows: length", length)
    row, step = np.asarray(sequence), length if step is None else options.whole_number("windows: step", step)
    if row.ndim != 1 or len(row) <= length:
        raise DataError(f"windows: a sequence of shape {row.shape} has no part of {length} elements with one behind it")
    starts = np.arange(0, len(row) - length, step)[:, None] + np.arange(length)
    return row[starts], row[starts + 1]


@takes(SENTENCES)
def skip_gram_pairs(sentences: Iterable[Sequence[int]], window: int = 2) -> tuple[Array, Array]:
    """(centres, contexts): each word beside each of those at most `window` places from it, in its own sentence.

    Raises DataError where there is no pair.

    >>> [found.tolist() for found in skip_gram_pairs([[1, 2, 3]], window=1)]
    [[1, 2, 2, 3], [2, 1, 3, 2]]
    """
    window = options.whole_number("skip_gram_pairs: window", window)
    pairs = [(centre, sentence[j]) for sentence in sentences for i, centre in enumerate(sentence)
             for j in range(max(0, i - window), min(len(sentence), i + window + 1)) if j != i]
    if not pairs:
        raise DataError(f"skip_gram_pairs: no sentence has two words (window={window})")
    found = np.array(pairs, dtype=np.int64)
    return found[:, 0], found[:, 1]


@takes(SENTENCES)
def cbow_windows(sentences: Iterable[Sequence[int]], window: int = 2) -> tuple[Array, Array]:
    """(contexts, centres): the words at most `window` places from each word, (rows, 2 window), -1 where there is none.

    Raises DataError where there is no row.

    >>> [found.tolist() for found in cbow_windows([[1, 2, 3]], window=1)]
    [[[-1, 2], [1, 3], [2, -1]], [1, 2, 3]]
    """
    window = options.whole_number("cbow_windows: window", window, most=WIDEST)
    contexts, centres = [], []
    for sentence in sentences:
        places = [-1] * window + list(sentence) + [-1] * window
        for i, centre in enumerate(sentence if len(sentence) > 1 else ()):
            contexts.append(places[i:i + window] + places[i + window + 1:i + 2 * window + 1])
            centres.append(centre)
    if not centres:
        raise DataError(f"cbow_windows: no sentence has two words (window={window})")
    return np.array(contexts, dtype=np.int64), np.array(centres, dtype=np.int64)


# --- a corpus whose structure is known ------------------------------------------------------------

PLANTED: dict[str, tuple[tuple[str, str], ...]] = {
    "capital": (("france", "paris"), ("italy", "rome"), ("japan", "tokyo"), ("egypt", "cairo"), ("peru", "lima"),
                ("norway", "oslo"), ("kenya", "nairobi"), ("spain", "madrid")),
    "young": (("dog", "puppy"), ("cat", "kitten"), ("cow", "calf"), ("horse", "foal"), ("sheep", "lamb"),
              ("lion", "cub"), ("goat", "kid"), ("duck", "duckling")),
    "past": (("walk", "walked"), ("sing", "sang"), ("eat", "ate"), ("go", "went"), ("swim", "swam"),
             ("write", "wrote"), ("drink", "drank"), ("run", "ran")),
}
"""The pairs of each relation in planted_corpus()."""

_TOPICS: dict[str, tuple[str, ...]] = {
    "france": ("wine", "cheese"), "italy": ("opera", "marble"), "japan": ("tea", "silk"), "egypt": ("papyrus", "sand"),
    "peru": ("cocoa", "llamas"), "norway": ("salmon", "snow"), "kenya": ("coffee", "safari"),
    "spain": ("olives", "guitars"), "dog": ("barks", "bones"), "cat": ("purrs", "mice"), "cow": ("moos", "milk"),
    "horse": ("neighs", "saddle"), "sheep": ("bleats", "wool"), "lion": ("roars", "mane"), "goat": ("butts", "beard"),
    "duck": ("quacks", "pond"), "walk": ("street", "shoes"), "sing": ("song", "choir"), "eat": ("bread", "soup"),
    "go": ("home", "away"), "swim": ("pool", "lake"), "write": ("letter", "pencil"), "drink": ("water", "juice"),
    "run": ("race", "track"),
}
_ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "capital": (("country", "nation", "border"), ("city", "mayor", "streets")),
    "young": (("grown", "adult", "old"), ("young", "newborn", "small")),
    "past": (("today", "now", "daily"), ("yesterday", "ago", "once")),
}


def planted_corpus(sentences: int = 4000, *, rng: Rng = None) -> list[list[str]]:
    """Sentences whose words have known relations: countries and capitals, animals and their young, verbs and pasts.

    Each sentence holds one word of a pair of PLANTED between words of the pair's topic, which both words of the
    pair share, and of its role (a capital, a past), which it shares with the same side of the other pairs. So
    paris is to france as rome is to italy.

    >>> len(planted_corpus(10, rng=0)), len(planted_corpus(10, rng=0)[0])
    (10, 5)
    """
    rng, sentences = generator(rng), options.whole_number("planted_corpus: sentences", sentences, 0, most=10**7)
    found, relations = [], tuple(PLANTED)
    for _ in range(sentences):
        relation = relations[rng.integers(len(relations))]
        pair = PLANTED[relation][rng.integers(len(PLANTED[relation]))]
        side = int(rng.integers(2))
        topic, role = _TOPICS[pair[0]], _ROLES[relation][side]
        around = [topic[rng.integers(2)], role[rng.integers(3)], topic[rng.integers(2)], role[rng.integers(3)]]
        around = [around[i] for i in rng.permutation(4)]
        found.append([*around[:2], pair[side], *around[2:]])
    return found


def planted_analogies() -> list[tuple[str, str, str, str]]:
    """(a, b, c, d), "a is to b as c is to d", for each two pairs of one relation of planted_corpus(), in both orders.

    >>> planted_analogies()[0], len(planted_analogies())
    (('france', 'paris', 'italy', 'rome'), 168)
    """
    return [(*first, *second) for pairs in PLANTED.values() for first in pairs for second in pairs if first != second]
