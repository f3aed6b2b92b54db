"""The table says all there is to know of an op: no other file keeps a fact by an op's name, or by the op itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.each import each

import autograd_nn
from autograd_nn.ops import OPS

PACKAGE = Path(autograd_nn.__file__).parent
OWN = {op.name for op in OPS.values() if op.module.startswith("autograd_nn.ops.")}

# Where a word in quotes is no op, though an op has the same name: by file or folder, with the reason.
EXCEPTIONS = {
    "__init__.py": ("dot sum_of", "public names of functions on lists"),
    "check/_plot.py": ("log", "the scale of an axis"),
    "check/_report.py": ("where step", "fields of a report"),
    "data": ("flip", "a function on images"),
    "drawing/page": ("min mean max negative sum step", "fields of a summary, and keys of the page's own words"),
    "drawing/render": ("min mean max dot", "fields of a summary; Graphviz's program"),
    "drawing/training": ("log mean square step", "the scale of an axis; an optimizer's state; a step of training"),
    "entry/demo.py": ("log", "the scale of an axis"),
    "linalg.py": ("cholesky det inv matmul pinv solve", "its public names"),
    "nn": ("mean sum relu tanh sigmoid same", "what users choose by reduction=, activation= and padding="),
    "notation/generate.py": ("round", "Python's protocol: __round__ alone takes ndigits"),
    "notation/summary.py": ("min mean max", "fields of a summary"),
    "optim": ("mean square step sum cos linear min max", "the state of an optimizer; modes of schedules"),
}


def facts_by_name(source: str, allowed: frozenset[str] = frozenset()) -> Iterator[tuple[int, str]]:
    """(line, text) of each op's name in quotes, of each question whether an op is a certain one, and of each look
    into a table by an op's name. `allowed` words may stand in quotes, but not be compared with an op's name."""
    tree = ast.parse(source)
    apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}       # docstrings
    apart |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            words = set(node.value.split())
            if words and words <= OWN and not words <= allowed:
                yield node.lineno, repr(node.value)
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(map(_is_an_op, sides)) or (any(map(_names_an_op, sides)) and any(map(_quotes, sides))):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, (ast.Subscript, ast.Call)) and _looks_up_an_op(node):
            yield node.lineno, ast.unparse(node)


def _is_an_op(side: ast.expr) -> bool:
    """ops.relu, OPS["relu"], or one of several in brackets."""
    return any((isinstance(n, ast.Attribute) and ast.unparse(n.value) == "ops" and n.attr in OWN)
               or (isinstance(n, ast.Subscript) and ast.unparse(n.value) == "OPS" and _quotes(n.slice))
               for n in ast.walk(side))


def _looks_up_an_op(node: ast.Subscript | ast.Call) -> bool:
    """table[op.name] or table.get(op.name); not in OPS, nor among the methods of a class, which are named after ops."""
    if isinstance(node, ast.Subscript):
        table, key = node.value, node.slice
    elif isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        table, key = node.func.value, node.args[0]
    else:
        return False
    return _names_an_op(key) and not ast.unparse(table).startswith(("OPS", "vars("))


def _names_an_op(side: ast.expr) -> bool:
    """op.name, node.op.name, record["op"]."""
    return ast.unparse(side).endswith(("op.name", "['op']"))


def _quotes(side: ast.expr) -> bool:
    if ast.unparse(side).endswith("['op']"):
        return False
    return any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in ast.walk(side))


def allowed_in(path: str) -> frozenset[str]:
    return frozenset(word for place, (words, _) in EXCEPTIONS.items()
                     if path == place or path.startswith(place + "/") for word in words.split())


FILES = sorted(str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py") if "ops" not in p.relative_to(PACKAGE).parts)


@pytest.mark.slow
@each("path", FILES)
def test_no_fact_is_kept_by_the_name_of_an_op(path):
    found = list(facts_by_name((PACKAGE / path).read_text(encoding="utf-8"), allowed_in(path)))
    assert not found, "a fact of an op belongs into its entry, as a field of Op: see autograd_nn/ops/README.md"


@pytest.mark.slow
def test_every_exception_is_needed():
    for place, (words, _) in EXCEPTIONS.items():
        here = [path for path in FILES if path == place or path.startswith(place + "/")]
        quoted = {w for path in here for _, text in facts_by_name((PACKAGE / path).read_text(encoding="utf-8"))
                  if text[0] in "'\"" for w in ast.literal_eval(text).split()}
        assert set(words.split()) <= quoted, place


@each("source", [
    'STEEPEST = {"sigmoid": 0.25}', 'if called == "weighted_sum": pass', 'COMMUTATIVE = "add multiply hypot".split()',
    "if node.op is ops.relu: pass", "if op in (ops.add, ops.subtract): pass", 'if op is OPS["tanh"]: pass',
    'if op.name == "mean": pass', 'if record["op"] in ("sum", "max"): pass', "TABLE[node.op.name]",
    "TABLE.get(op.name)", 'OPS["sin"](x)', 'match op.name:\n    case "power": pass',
])
def test_facts_by_name_are_found(source):
    assert list(facts_by_name(source, frozenset({"mean", "sum", "max"})))


@each("source", [
    'reduction = "mean"', "if a.op is b.op: pass", "OPS.get(record['op'])", "if op.name in OPS: pass",
    '"""sum"""', 'if record["op"] is None: pass', "y = ops.relu(x)",
])
def test_other_uses_are_not(source):
    assert not list(facts_by_name(source, frozenset({"mean"})))
