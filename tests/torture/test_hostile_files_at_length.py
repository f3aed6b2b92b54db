"""A million hostile files of each kind, others in each run."""

from __future__ import annotations

import secrets

import pytest
from helpers.hostile_files import KINDS, checked


@pytest.mark.torture
@pytest.mark.parametrize("kind", KINDS)
def test_a_million_files(kind, tmp_path, capsys):
    read = refused = 0
    for _ in range(50):
        found = checked(kind, 20_000, tmp_path, secrets.randbits(32))        # a fault names the seed
        read, refused = read + found[0], refused + found[1]
    with capsys.disabled():
        print(f"\n{kind}: {read:,} files were read and {refused:,} refused")
