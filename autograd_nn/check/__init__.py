"""Gradients checked against numerical differentiation."""

from importlib import import_module
from typing import Any

from ._check_gradients import check_gradients
from ._complex_step import complex_step
from ._derivative import Derivative, differentiate
from ._locate import Fault, locate_fault
from ._numeric import central_difference
from ._property import checks_gradient
from ._report import Report
from ._verdict import Finding, Verdict, judge

__all__ = [
    "Derivative",
    "Fault",
    "Finding",
    "Report",
    "Verdict",
    "central_difference",
    "check_gradients",
    "checks_gradient",
    "complex_step",
    "differentiate",
    "judge",
    "locate_fault",
]


def __getattr__(name: str) -> Any:
    """`check.strategies`, which imports hypothesis, is imported when it is first used."""
    if name != "strategies":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.strategies")
