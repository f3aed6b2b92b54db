"""Hostile programs for minutes, others in each run; and every module of the package loaded again."""

from __future__ import annotations

import secrets
import time

import pytest
from helpers.fresh_python import fuzz, python
from helpers.imported_again import EACH

from autograd_nn import NATIVE


@pytest.mark.torture
@pytest.mark.parametrize("turn", range(8))
def test_hostile_programs(turn, capsys):
    start, seed = time.perf_counter(), secrets.randbits(32)              # a fault names the seed
    said = fuzz("hostile", seed, 20_000).strip()
    with capsys.disabled():
        print(f"\nseed {seed}: {said} in {time.perf_counter() - start:.0f} s, "
              f"on the engine in {'C' if NATIVE else 'Python'}, which lives")


@pytest.mark.torture
def test_every_module_again():
    assert python(EACH, "1") == "[]\n"
