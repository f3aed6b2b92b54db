"""What every test shares: one hypothesis profile, a fixed seed for the package's own generator, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import autograd_nn

settings.register_profile("default", deadline=None, max_examples=50,
                          suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
settings.load_profile("default")


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
        if os.environ.get("AUTOGRAD_NN_REQUIRE_BROWSER"):
            pytest.fail(f"{reason}, and AUTOGRAD_NN_REQUIRE_BROWSER asks for it")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()
