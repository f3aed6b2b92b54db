"""The pytest plugin, as pytest runs it: in processes of its own."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import pytest

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]

SUITE = """
import numpy as np
import pytest
import autograd_nn as ag
from autograd_nn import Op, ops

cube = Op("cube", lambda x: x ** 3, lambda x: x ** 3, lambda g, y, x: 1.01 * g * 3 * x * x, tex="{0}^3")

def test_right(gradcheck):
    report = gradcheck(lambda x, y: (ag.sin(x) * y).sum(), np.array([0.3, 0.4]), 2.0)
    assert report.ok

def test_wrong(gradcheck):
    gradcheck(lambda x: ag.sin(cube(x)), 0.7)

def test_wrong_without_the_fixture():
    ag.check_gradients(lambda x: cube(x), 0.7)

def test_unclear(gradcheck):
    rng = np.random.default_rng(0)
    def noisy(x):
        return float(x * x + 1e-3 * rng.normal())
    gradcheck(noisy, 0.7, gradient=lambda x: 2 * x, laws=False)
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    """Runs a file of tests in a process of its own."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)

    def run(source, *args):
        pytester.makepyfile(test_suite=source)
        return pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", *args)
    return run


def check(result):
    result.assert_outcomes(passed=2, failed=2)
    text = result.stdout.str()
    assert text.count("- gradcheck -") == 2 and text.count("guilty op: cube, input 0") == 2
    result.stdout.fnmatch_lines(["*1 of 1*1 disagree*", "*wrong rule: cube, input 0, at node *ratio 1.01*"])
    result.stdout.fnmatch_lines(["*= gradient checks =*", "5 verdicts: 3 agree, 1 disagree; 1 inconclusive",
                                 "  1 inconclusive in test_suite.py::test_unclear"])


def test_under_xdist(suite):
    check(suite(SUITE, "-n", "2"))


def test_quick_and_full(suite):
    source = """
    import numpy as np
    import autograd_nn as ag

    def test_level(gradcheck, request):
        big, small = np.linspace(0.1, 1, 150), np.linspace(0.1, 1, 3)
        full = request.config.getoption("--gradcheck") == "full"
        assert gradcheck.level == ("full" if full else "quick")
        one, two = (gradcheck(lambda x: ag.sin(x).sum(), x) for x in (big, small))
        assert {part.order for part in two.parts} == ({1, 2} if full else {1})
        assert one.parts[0].how == ("elements" if full else "directions")
        assert {p.order for p in gradcheck(lambda x: x ** 3, 2.0, order=1).parts} == {1}
        gradcheck(lambda x: x ** 3, 2.0, gradient=lambda x: 3 * x ** 2)
        gradcheck(ag.sin, small, cotangents="random")
    """
    for level in ("quick", "full"):
        suite(source, f"--gradcheck={level}", "-p", "no:xdist").assert_outcomes(passed=1)
    assert "invalid choice: 'loose'" in suite(source, "--gradcheck=loose").stderr.str()


def test_a_gradient_checked_in_a_fixture_counts_once(suite):
    result = suite("""
    import pytest

    @pytest.fixture
    def checked(gradcheck):
        return gradcheck(lambda x: x * x, 3.0)

    def test_it(checked):
        assert checked.ok

    @pytest.fixture
    def wrong(gradcheck):
        gradcheck(lambda x: x * x, 3.0, gradient=lambda x: 3 * x)

    def test_that(wrong):
        pass
    """, "-p", "no:xdist")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["2 verdicts: 1 agree, 1 disagree; 0 inconclusive"])


def test_a_decorated_function_fails_with_its_section_and_a_test_to_paste(suite):
    result = suite("""
    from autograd_nn import Op, Value
    from autograd_nn.check import checks_gradient

    cube = Op("cube", lambda x: x ** 3, lambda x: x ** 3, lambda g, y, x: 1.01 * g * 3 * x * x, tex="{0}^3")

    @checks_gradient
    def test_cube(x: Value):
        return cube(x)
    """, "-p", "no:xdist")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*def test_cube_found():*", "*from test_suite import test_cube*",
                                 "*ag.check_gradients(test_cube.function, x,*", "*- gradcheck -*",
                                 "guilty op: cube, input 0"])


def test_in_one_process_and_under_coverage(pytester, monkeypatch):
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(test_suite=SUITE)
    result = pytester.run(sys.executable, "-m", "coverage", "run", "--source", "autograd_nn.check", "-m", "pytest",
                          "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider")
    check(result)
    report = pytester.run(sys.executable, "-m", "coverage", "report", "--include", "*/_locate.py")
    line = next(line for line in report.outlines if line.rstrip().endswith("%"))
    assert int(line.split()[-1].rstrip("%")) > 50


def test_a_suite_that_checks_no_gradient_hears_and_loads_nothing(pytester, suite):
    """Neither NumPy, nor hypothesis, nor the core."""
    pytester.makeconftest("""
    import sys

    def pytest_sessionstart(session):
        assert session.config.pluginmanager.has_plugin("autograd_nn")
        heavy = [m for m in sys.modules if m.split(".")[0] in ("numpy", "hypothesis") or m.startswith("autograd_nn.")]
        print("heavy:", heavy)
    """)
    result = suite("def test_nothing():\n    assert 2 > 1\n", "-p", "no:xdist", "-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["heavy: ['autograd_nn.entry', 'autograd_nn.entry.pytest_plugin']"])
    assert "gradient checks" not in result.stdout.str()


def test_the_plugin_is_registered():
    def registered(group):
        return {e.value for e in entry_points(group=group)}
    assert "autograd_nn.entry.pytest_plugin" in registered("pytest11")
    assert "autograd_nn.entry.hypothesis_plugin:register" in registered("hypothesis")
