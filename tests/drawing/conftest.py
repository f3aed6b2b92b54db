"""For the tests of drawing: machines that lack a layout engine, and a browser that goes to files."""

import sys

import pytest


@pytest.fixture
def no_engine(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


@pytest.fixture(scope="module")
def tab(browser):
    """The one page of the browser. A second would start a process, which takes longer than most of the tests."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def visit(tab):
    """Goes to a file in the tab. In the end nothing else was requested, and nothing was logged, raised or asked."""
    visited, problems = [], []

    def refuse(dialog):
        problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    handlers = {
        "request": lambda request: request.url in visited or problems.append(f"request: {request.url}"),
        # A browser warns of reading the pixels of a canvas, which a test does.
        "console": lambda message: "readback" in message.text or problems.append(f"console: {message.text}"),
        "pageerror": lambda error: problems.append(f"error: {error}"), "dialog": refuse}
    for event, handler in handlers.items():
        tab.on(event, handler)

    def go(path, size=(1280, 800), scheme="light"):
        visited.append(path.as_uri())
        tab.mouse.move(0, 0)
        tab.set_viewport_size({"width": size[0], "height": size[1]})
        tab.emulate_media(color_scheme=scheme, reduced_motion="no-preference")
        tab.goto(visited[-1])
        return tab
    yield go
    for event, handler in handlers.items():
        tab.remove_listener(event, handler)
    assert problems == []
