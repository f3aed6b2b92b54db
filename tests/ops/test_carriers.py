"""The kinds of arguments: which of them an op hands itself to."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import autograd_nn
from autograd_nn import Dual, Symbol, Tensor, Value, fft, ops
from autograd_nn.core.batched import Batched
from autograd_nn.core.lane_level import LaneLevel
from autograd_nn.core.value import PureValue
from autograd_nn.notation.array_symbol import ArraySymbol
from autograd_nn.ops._carriers import CARRIERS, RANKS, is_plain, is_traced

PACKAGE = Path(autograd_nn.__file__).parent
LANES = LaneLevel(1)
LANES.runs = True                                        # as long as the tests do
EXAMPLES = {"number": 2.0, "Value": Value(2.0), "ndarray": np.array([2.0]), "Tensor": Tensor([2.0]),
            "Dual": Dual(np.array([2.0]), np.array([1.0])), "Batched": Batched(np.array([[2.0]]), LANES),
            "Symbol": Symbol("x"),
            "ArraySymbol": ArraySymbol("x", np.array([2.0])),
            "Complex": fft.Complex(np.array([2.0]), np.array([1.0]))}


def test_every_kind_has_a_rank_of_its_own():
    assert list(EXAMPLES) == list(RANKS)
    assert [CARRIERS[type(x)].rank for x in EXAMPLES.values()] == list(range(len(RANKS)))
    assert CARRIERS[PureValue].rank == CARRIERS[Value].rank      # two engines of one kind


PRINTED, IN_A_GRAPH = {"Symbol", "ArraySymbol"}, {"Value", "Tensor", "Dual", "Batched", "Complex"}
MEETING = [pair for pair in combinations(RANKS, 2) if not (PRINTED & {*pair} and IN_A_GRAPH & {*pair})]


@pytest.mark.parametrize(("low", "high"), MEETING)
def test_the_higher_of_two_arguments_applies_the_op(low, high):
    want = "Tensor" if (low, high) == ("Value", "ndarray") else high
    for args in ((EXAMPLES[low], EXAMPLES[high]), (EXAMPLES[high], EXAMPLES[low])):
        assert type(ops.add(*args)) is type(EXAMPLES[want])


def test_plain_and_traced():
    assert [name for name, x in EXAMPLES.items() if is_plain(x)] == ["number", "ndarray"]
    assert all(is_plain(x) != is_traced(x) for x in (*EXAMPLES.values(), None, "text", 3, np.float32(1), [1.0]))

    class Weight(Tensor):
        pass
    assert is_traced(Weight([1.0])) and CARRIERS[Weight] is CARRIERS[Tensor]


def test_no_other_file_counts_ranks():
    written = re.compile(r"CARRIERS\[[^\]]*\]+\)?\[|ARRAY_RANK|CARRIERS\[\w+\] = \(")
    assert [str(p) for p in PACKAGE.rglob("*.py") if written.search(p.read_text(encoding="utf-8"))] == []
