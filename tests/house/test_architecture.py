"""The house keeps its shape: who imports whom, what importing costs, and what is generated."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from pathlib import Path

import pytest
from helpers.each import each
from helpers.fresh_python import python

import autograd_nn
from autograd_nn.notation import generate
from autograd_nn.ops.elementwise import arithmetic

PACKAGE = Path(autograd_nn.__file__).parent

# Each part and the parts that it may import (at the head of a file; a function may reach further).
CORE = {"ops", "core", "errors"}
ALLOWED = {
    "errors": set(),
    "native": set(),
    "entry": set(),
    "ops": {"errors"},
    "core": {"native", "ops", "errors"},
    "fft": CORE,
    "linalg": {"ops"},
    "tree": {"ops", "errors"},
    "data": CORE,
    "notation": CORE,
    "transforms": {"tree", *CORE},
    "drawing": {"notation", *CORE},
    "check": {"tree", "transforms", *CORE},
    "nn": {"tree", "transforms", *CORE},
    "saliency": {"nn", *CORE},
    "optim": {"nn", *CORE},
    "train": {"data", "nn", "optim", *CORE},
}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def head_imports(path: Path) -> set[str]:
    """The parts of the package that a file imports at its head (not inside functions, nor for types alone)."""
    found = set()
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            names = [node.module] if node.module else [a.name for a in node.names]
            if node.level == depth:                  # relative to the package itself
                found |= {name.split(".")[0] for name in names}
            else:
                found.add(part_of(path))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("autograd_nn"):
            found |= {node.module.split(".")[1]} if "." in node.module else {a.name for a in node.names}
    return found


PROGRAMS = ("generate.py", "c_rules.py", "demo.py")         # they are run, and nothing imports them
FILES = [p for p in PACKAGE.rglob("*.py") if part_of(p) in ALLOWED and p.name not in PROGRAMS]


@each("path", FILES)
def test_imports_run_one_way(path):
    part = part_of(path)
    assert head_imports(path) <= ALLOWED[part] | {part}


def test_every_part_has_its_place():
    parts = {part_of(p) for p in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    assert parts == set(ALLOWED)


@pytest.mark.slow
def test_importing_imports_little():
    heavy = "'graphviz', 'matplotlib', 'tqdm', 'safetensors', 'pygraphviz', 'hypothesis'"
    code = (f"import sys, autograd_nn as ag; from autograd_nn import *; ag.nn.Linear; ag.optim.SGD; "
            f"ag.draw; ag.check_gradients; ag.data; print('numpy.random' in sys.modules); ag.nn.Linear(2, 1, rng=0); "
            f"print([m for m in ({heavy}) if m in sys.modules])")
    assert python(code) == "False\n[]\n"
    assert python("import sys, autograd_nn; print('numpy' in sys.modules)") == "False\n"


@pytest.mark.slow
def test_star_import_leaves_pythons_own_functions_alone():
    code = "from autograd_nn import *; print(max(1, 2), sum([1, 2]), sin(0.0), Value(1.0))"
    assert python(code) == "2 3 0.0 Value(1.0)\n"


def test_every_public_name_is_there():
    for name in autograd_nn.__all__:
        assert getattr(autograd_nn, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        autograd_nn.no_such_name  # noqa: B018


def test_nothing_but_public_names_is_shown():
    shown = {name for name in dir(autograd_nn) if not name.startswith("__")}
    assert shown - set(autograd_nn.__all__) == shown & set(dir(builtins))
    assert not [name for name in shown if name.startswith("_")]
    public = [name for name in vars(autograd_nn) if not name.startswith("_") and name not in shown]
    assert [name for name in public if not inspect.ismodule(getattr(autograd_nn, name))] == []


@each("op", [op for op in autograd_nn.OPS.values() if op.internal])
def test_an_internal_op_stays_in_ops(op):
    assert getattr(autograd_nn.ops, op.name) is op
    assert not op.method and not hasattr(autograd_nn.Tensor, op.name) and not hasattr(autograd_nn.Value, op.name)
    place = "linalg" if hasattr(autograd_nn.linalg, op.name) else "ops"
    with pytest.raises(AttributeError, match=rf"help: autograd_nn\.{place}\.{op.name}"):
        getattr(autograd_nn, op.name)


def test_other_libraries_spelling_is_answered():
    for name, ours in {"tensor": "Tensor", "value": "Value", "no_Grad": "no_grad"}.items():
        with pytest.raises(AttributeError, match=f"help: autograd_nn.{ours}"):
            getattr(autograd_nn, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", generate.FILES)
def test_generated_files_are_up_to_date(name):
    written = (PACKAGE / name).read_text(encoding="utf-8")
    assert written == generate.FILES[name](), "python -m autograd_nn.notation.generate"


def test_a_docstring_of_an_op_says_formula_and_derivative():
    assert "derivative: cos(x)" in autograd_nn.sin.__doc__
    assert "axis" in autograd_nn.sum.__doc__
    assert "An operation of the graph" in autograd_nn.Op.__doc__


def test_the_reading_list_is_short_and_true():
    text = (PACKAGE / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = text.split("## ")[1]
    said = int(re.search(r"five files, fewer than (\d+) lines", section)[1])
    files = re.findall(r"^\d\. `([^`]+)`", section, re.MULTILINE)
    lines = {name: (PACKAGE / name).read_text(encoding="utf-8").splitlines() for name in files}
    assert len(files) == 5
    calls = lines["ops/_op.py"]
    lines["ops/_op.py"] = calls[next(i for i, line in enumerate(calls) if "def __call__" in line):]
    lines["ops/elementwise/arithmetic.py"] = inspect.getsource(arithmetic).split("multiply = ")[1].split("\ndivide")[0]
    lines["ops/elementwise/arithmetic.py"] = lines["ops/elementwise/arithmetic.py"].splitlines()
    assert sum(map(len, lines.values())) < said == 700
