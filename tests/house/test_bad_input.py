"""Whatever is given to a public function, class or method: an answer, or an error that says what was wrong with it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers.bad_input import Call, calls_of, example, method_calls, public, raw_error

from autograd_nn import OPS, Tensor

PUBLIC = public()
FEW = 6                          # bad things for each place; the names choose which
PARTS = 8


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch, forget) -> Iterator[None]:
    """Files are written into a folder of their own; figures, and ops that are made as examples, do not stay."""
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")


def complaints(names: list[str], few: int | None) -> list[str]:
    """What is wrong with the calls of these public names."""
    found = []
    known = set(OPS)
    for name in names:
        for call in all_calls(name, few):
            found.append(raw_error(call))
            for made in set(OPS) - known:                # an Op that was made of bad things
                OPS[made].forget()
    return [text for text in found if text is not None]


def all_calls(name: str, few: int | None) -> Iterator[Call]:
    thing = PUBLIC[name]
    yield from calls_of(name, thing, few)
    if isinstance(thing, type):
        yield from method_calls(name, thing, few)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_bad_input_is_told_in_words(part):
    names = [name for name in PUBLIC if zlib.crc32(name.encode()) % PARTS == part]
    assert len(names) > 20
    assert complaints(names, FEW) == []


@pytest.mark.torture
@pytest.mark.parametrize("name", PUBLIC)
def test_all_bad_input_is_told_in_words(name):
    assert complaints([name], None) == []


def test_every_class_has_an_example_whose_methods_are_called():
    classes = {name: kind for name, kind in PUBLIC.items() if isinstance(kind, type)}
    assert [name for name, kind in classes.items() if example(name, kind) is None] == []


@pytest.mark.slow
def test_what_is_not_told_in_words_is_found():
    def endless():
        while True:
            pass

    assert "raised ValueError" in raw_error(Call("int", lambda: int("text")))
    assert "raised TypeError" in raw_error(Call("norm", lambda: np.linalg.norm(None)))
    assert "took longer" in raw_error(Call("endless", endless))
    assert raw_error(Call("len", lambda: len(1, 2))) is None                # does not fit the signature
    assert raw_error(Call("zeros", lambda: Tensor(np.zeros(2)))) is None
