"""The tests keep their shape: a folder for each part of the package, one idea a file, and what is shared in helpers."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from pathlib import Path

import pytest
from helpers.each import each

import autograd_nn

TESTS = Path(__file__).parent.parent
FILES = sorted(TESTS.rglob("*.py"))
LONGEST = 500           # lines: a longer file holds more than one idea


def modules_of(path: Path) -> set[str]:
    """The last name of each module that a file imports from, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name.split(".")[-1] for name in found}


def test_each_folder_mirrors_a_part_of_the_package():
    package = Path(autograd_nn.__file__).parent
    parts = {path.name for path in package.iterdir() if (path / "__init__.py").exists()}
    folders = {path.name for path in TESTS.iterdir() if any(path.glob("*.py"))}
    assert folders == parts | {"helpers", "house", "torture"}


@each("path", FILES)
def test_a_file_is_short_and_imports_no_test(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert not {name for name in modules_of(path) if name.startswith("test_")}, "what is shared stands in helpers"


def test_no_two_test_files_have_one_name():
    """pytest imports them by that name alone."""
    names = Counter(path.name for path in FILES if path.name.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []


def test_tests_stand_in_test_files():
    for path in FILES:
        if not path.name.startswith("test_"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
            assert not [name for name in names if name.lower().startswith("test")], path


def test_many_cases_in_one_test_are_many_checks():
    """Every case runs, whatever becomes of the others, and each that fails or is skipped is named."""
    ran = []

    @each(("x", "y"), [(1, 10), pytest.param(2, 20), (3, 30), (4, 40), (5, 50)])
    def check(x, y, given):
        ran.append((x, y, given))
        assert x != 2
        if x == 4:
            pytest.skip("not here")
        if x == 5:
            pytest.fail("no")
    assert list(inspect.signature(check).parameters) == ["given"]
    with pytest.raises(BaseExceptionGroup, match=r"3 of 5 cases fail: ") as info:
        check(given=0)
    assert sorted(ran) == [(x, 10 * x, 0) for x in range(1, 6)]
    assert {*str(info.value).partition("fail: ")[2].partition(" (")[0].split("; ")} == {"2, 20", "4, 40", "5, 50"}
    with pytest.raises(AssertionError, match="checks nothing"):
        each("x", [])
