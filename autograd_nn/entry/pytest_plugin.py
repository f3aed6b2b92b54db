"""The pytest plugin: the fixture `gradcheck`, the option --gradcheck, and what they report.

pytest loads this at its start, so it imports nothing of the package before a gradient is checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

# What a check does under --gradcheck=full; under "quick" it does what check_gradients does by itself.
FULL: dict[str, Any] = {"elements": 1000, "directions": 5}
SHOWN = 10                       # tests that are named in the summary


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("autograd_nn").addoption(
        "--gradcheck", choices=("quick", "full"), default="quick",
        help="how closely the fixture gradcheck looks: quick (the default), or full: 1000 elements or 5 directions "
             "of each input, and second derivatives")


class GradCheck:
    """What the fixture `gradcheck` is: `check_gradients`, whose verdicts the terminal summary counts.

    level  "quick" or "full", as --gradcheck says
    """

    def __init__(self, node: Any, level: str) -> None:
        self.node, self.level = node, level

    def __call__(self, f: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        """check_gradients(f, *inputs, **options), with the same directions in every run; gives the Report.

        Raises CheckError where a verdict is "disagree", and so fails the test.
        """
        __tracebackhide__ = True
        from ..check import check_gradients
        chosen: dict[str, Any] = {"rng": 0}
        if self.level == "full":
            chosen |= FULL
            if options.get("gradient") is None and options.get("cotangents") is None:
                chosen["order"] = 2
        report = None
        try:
            report = check_gradients(f, *inputs, **chosen | options)
        except AssertionError as error:
            report = getattr(error, "report", None)
            raise
        finally:
            if report is not None:
                counts = {str(verdict): count for verdict, count in report.counts.items() if count}
                self.node.user_properties.append(("gradcheck", counts))
        return report


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> GradCheck:
    """Checks a gradient: gradcheck(f, *inputs) is autograd_nn.check_gradients(f, *inputs)."""
    return GradCheck(request.node, request.config.getoption("--gradcheck"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A test that fails by a CheckError gets a section: the ops to blame, and the table of verdicts."""
    outcome = yield
    if call.excinfo is not None:
        for report in _reports(call.excinfo.value):
            guilty = [f"guilty op: {fault.op.name}, input {fault.slot}" for fault in report.faults
                      if fault.op is not None and fault.slot is not None]
            outcome.sections.append(("gradcheck", "\n".join([*guilty, str(report)])))
    return outcome


def _reports(error: BaseException) -> Iterator[Any]:
    """The reports of the CheckErrors in an exception, which hypothesis may have grouped."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _reports(part)
    elif type(error).__module__ == "autograd_nn.errors" and getattr(error, "report", None) is not None:
        yield error.report  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many verdicts of each kind there were, and where they were inconclusive."""
    total: Counter[str] = Counter()
    unsure: dict[str, int] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) != "call" and not (getattr(report, "failed", False)
                                                                and getattr(report, "when", None) == "setup"):
                continue
            for name, counts in report.user_properties:
                if name == "gradcheck":
                    total.update(counts)
                    if counts.get("inconclusive"):
                        unsure[report.nodeid] = unsure.get(report.nodeid, 0) + counts["inconclusive"]
    if not total:
        return
    terminalreporter.section("gradient checks")
    kinds = ", ".join(f"{count} {verdict}" for verdict, count in sorted(total.items()) if verdict != "inconclusive")
    terminalreporter.write_line(f"{total.total()} verdicts: {kinds or 'none conclusive'}; "
                                f"{total['inconclusive']} inconclusive")
    for nodeid, count in list(unsure.items())[:SHOWN]:
        terminalreporter.write_line(f"  {count} inconclusive in {nodeid}")
    if len(unsure) > SHOWN:
        terminalreporter.write_line(f"  ... and in {len(unsure) - SHOWN} more tests")
