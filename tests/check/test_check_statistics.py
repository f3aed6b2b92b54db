"""How often the checker errs: random expressions over all smooth ops, their gradients, and these made wrong."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from autograd_nn.check import Verdict

pytestmark = pytest.mark.slow

COUNT = 1000


@pytest.fixture
def expressions(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent.parent / "benchmarks"))
    return importlib.import_module("random_expressions")


@pytest.mark.parametrize("seed", [11, 12])
def test_smooth_expressions(expressions, seed):
    counts = expressions.statistics(COUNT, seed)
    assert counts[1.0][Verdict.DISAGREE] <= 3 * COUNT / 1000
    assert counts[1.0][Verdict.INCONCLUSIVE] <= 0.03 * COUNT
    assert counts[1.0][Verdict.NOT_DIFFERENTIABLE] <= 3 * COUNT / 1000
    assert counts[1.0001][Verdict.AGREE] <= 0.02 * COUNT
    assert counts[1.01][Verdict.AGREE] <= 0.001 * COUNT


def test_expressions_with_kinks_and_steps(expressions):
    """A random point is none of their kinks, so the verdicts are the same."""
    counts = expressions.statistics(COUNT, 13, expressions.ALL)
    assert counts[1.0][Verdict.AGREE] >= 0.96 * COUNT
    assert counts[1.0][Verdict.DISAGREE] <= 3 * COUNT / 1000
    assert counts[1.01][Verdict.AGREE] <= 0.001 * COUNT


def test_the_expressions_are_many_and_deep(expressions):
    ops = {op.name for op in expressions.SMOOTH}
    assert len(ops) >= 40 and {"exp", "log", "power", "arctan2", "erf", "gelu", "logaddexp"} <= ops


def test_the_script_prints_a_table(expressions, capsys):
    expressions.main(["--count", "20", "--seeds", "1"])
    out = capsys.readouterr().out
    assert "disagree" in out and out.count("\n") == 4 and "x 1.0001" in out
