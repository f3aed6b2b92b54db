"""Many small cases in one test: a test costs more than most of them take."""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

import autograd_nn


def each(names: str | tuple[str, ...], cases: Iterable[Any]) -> Callable[[Any], Any]:
    """pytest.mark.parametrize(names, cases), but all cases are one test, in random order; it reports each that fails.

    A case is what parametrize takes: one thing, a tuple of them, or a pytest.param without marks. Each begins as a
    test does, with the package's generator seeded. A case that is skipped fails: nobody would see it.
    """
    names = (names,) if isinstance(names, str) else names
    listed = [things_of(case, len(names)) for case in cases]
    assert listed, "a test without a case checks nothing"

    def folded(test: Any) -> Any:
        @functools.wraps(test)
        def all_cases(**given: Any) -> None:
            failed = []
            for things in random.sample(listed, len(listed)):
                autograd_nn.seed(0)
                try:
                    test(**dict(zip(names, things, strict=True)), **given)
                except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
                    error.add_note(f"in the case {said(things)}")
                    failed.append((said(things), error))
            if failed:
                raise BaseExceptionGroup(f"{len(failed)} of {len(listed)} cases fail: "
                                         f"{'; '.join(name for name, _ in failed)}", [error for _, error in failed])
        signature = inspect.signature(test)
        assert set(names) <= signature.parameters.keys(), f"{test.__name__} takes no {', '.join(names)}"
        all_cases.__signature__ = signature.replace(
            parameters=[p for name, p in signature.parameters.items() if name not in names])
        return all_cases
    return folded


def things_of(case: Any, count: int) -> tuple[Any, ...]:
    if isinstance(case, type(pytest.param())):
        assert not case.marks, "a case is no test of its own, and has no marks"
        return tuple(case.values)
    return (case,) if count == 1 else tuple(case)


def said(things: tuple[Any, ...]) -> str:
    """A case in words: by their names where its things have some."""
    return ", ".join(str(getattr(x, "name", getattr(x, "__name__", f"{x!r:.100}"))) for x in things)
