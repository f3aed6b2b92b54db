"""Randomness: every random thing takes `rng`, and None is the package's own generator."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..ops._refusal import shown_in_error

if TYPE_CHECKING:
    import numpy as np

Rng = Any
"""A seed (an integer >= 0), a numpy.random.Generator, or None."""

_own: np.random.Generator | None = None      # made when first needed: numpy.random is slow to import


def seed(number: int) -> None:
    """Start the package's own generator (the one behind `rng=None`) from `number`.

    Without it each process starts from fresh entropy. The same seed gives the same bits in every
    process. Raises UsageError for what is not an integer >= 0.

    >>> import autograd_nn
    >>> from autograd_nn import nn
    >>> autograd_nn.seed(1)
    >>> first = nn.Linear(2, 3).weight.data
    >>> autograd_nn.seed(1)
    >>> bool((nn.Linear(2, 3).weight.data == first).all())
    True
    """
    global _own
    _own = _seeded(number)


def generator(rng: Rng = None) -> np.random.Generator:
    """The generator that `rng` stands for: a seed's, itself, or (None) the package's own.

    Something that draws several times calls this once, so that a seed is not drawn from twice.
    Raises UsageError for anything else.

    >>> a, b = generator(7), generator(7)
    >>> float(a.random()) == float(b.random())
    True
    """
    global _own
    import numpy as np
    if rng is None:
        if _own is None:
            _own = np.random.default_rng()
        return _own
    return rng if isinstance(rng, np.random.Generator) else _seeded(rng)


def _seeded(number: Any) -> np.random.Generator:
    import numpy as np
    try:
        whole = operator.index(number)
    except TypeError:
        whole = -1
    if whole < 0 or isinstance(number, bool):
        raise UsageError(f"rng: "
                         f"{shown_in_error(number)} is neither a seed (an integer >= 0) nor a numpy.random.Generator\n"
                         "  help: rng=0, rng=np.random.default_rng(0), or None for the package's own generator")
    return np.random.default_rng(whole)
