"""What every test shares: a hypothesis profile, a fixed seed for the package's own generator, a browser, and skips."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import surroundings
from hypothesis import HealthCheck, settings

import autograd_nn

settings.register_profile("default", deadline=None, max_examples=50,
                          suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
settings.load_profile("default")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """What takes minutes runs only where it is asked for."""
    if "torture" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("torture")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True, scope="module")
def _what_is_there_by_now_stays() -> None:
    """To look through it, also through what earlier files left, would be nearly all that a gc.collect() does."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _seed() -> None:
    autograd_nn.seed(0)


@pytest.fixture
def forget() -> Iterator[None]:
    """Ops that a test adds to the table are gone after it."""
    before = set(autograd_nn.OPS)
    yield
    for name in set(autograd_nn.OPS) - before:
        autograd_nn.OPS[name].forget()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright. It ends with its file: while it lives, nobody else can run an event loop here."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    reason = None if found else "no chromium is installed"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        reason = "playwright is not installed"
    if reason:
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


# --- what is skipped ----------------------------------------------------------------------------------

def pytest_addoption(parser: Any) -> None:
    parser.addoption("--bare", action="store_true", help="hide browsers, Graphviz and the system's fonts")
    parser.addoption("--skipped-to", type=Path, help="a file for the ids of the tests that are skipped, one a line")
    parser.addoption("--no-skips", action="store_true", help="a test that is skipped is an error")


def pytest_configure(config: Any) -> None:
    main = not hasattr(config, "workerinput")            # the others are processes that it starts
    if config.getoption("--bare"):
        if main:
            folder = tempfile.TemporaryDirectory(prefix="autograd-nn-bare-")
            config.add_cleanup(folder.cleanup)
            surroundings.hide_from_all(Path(folder.name))
        surroundings.hide_from_matplotlib()
    if main:
        config.pluginmanager.register(Skips(config))


class Skips:
    """Each test that is skipped has a reason in words. A run can write down their ids, or be without them."""

    def __init__(self, config: Any) -> None:
        self.file, self.none_allowed = config.getoption("--skipped-to"), config.getoption("--no-skips")
        self.reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.reasons[report.nodeid] = report.longrepr[2].removeprefix("Skipped: ").strip()

    def pytest_collectreport(self, report: Any) -> None:
        if report.skipped:
            self.reasons[report.nodeid] = report.longrepr[2].removeprefix("Skipped: ").strip()

    def wrong(self) -> list[str]:
        wordless = ("", "Skipped", "unconditional skip")
        return [f"{test} is skipped: {reason or 'without a reason'}" for test, reason in self.reasons.items()
                if self.none_allowed or reason in wordless]

    def pytest_sessionfinish(self, session: Any) -> None:
        if self.file:
            self.file.write_text("".join(f"{test}\n" for test in sorted(self.reasons)), encoding="utf-8")
        if self.wrong() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for line in self.wrong():
            terminalreporter.write_line(f"ERROR: {line}", red=True)
