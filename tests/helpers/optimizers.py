"""The optimizers of the package, found: a new one is in every test that holds for all of them."""

from __future__ import annotations

from typing import Any

from autograd_nn import optim

EVERY: list[type[optim.Optimizer]] = [kind for kind in (getattr(optim, name) for name in optim.__all__)
                                      if isinstance(kind, type) and issubclass(kind, optim.Optimizer)
                                      and kind is not optim.Optimizer]
RULES = [kind for kind in EVERY if kind is not optim.LBFGS]
"""Those that step from one gradient, without asking for the loss again."""


def with_options(more: dict[type, list[dict[str, Any]]]) -> list[tuple[type[optim.Optimizer], dict[str, Any]]]:
    """Each rule as it is by default, or with each of the options that are given for it."""
    return [(kind, options) for kind in RULES for options in more.get(kind, [{}])]
