"""No two modules, classes or functions of the package share a name with different meanings."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd_nn

PACKAGE = Path(autograd_nn.__file__).parent
IN_BOTH = "an op of arrays, and the layer that is made of it"
SHARED = {
    "activation": IN_BOTH,
    "normalization": IN_BOTH,
    "pooling": IN_BOTH,
    "recurrent": IN_BOTH,
    "slots": "which input of an op is which: as its entry says, and as a record of it says",
    "page": "the file that the folder is named after",
    "main": "what runs when the file is run",
    "escape": "text made safe for a format; each format has its own",
    "backward": "a backward pass: the general one, and the quick one for pure Values",
    "data_of": "the data behind a node; of ops and of the graph, for ops import nothing of the graph",
    "diff": "NumPy's name for differences, and the differences between two pictures",
    "flatten": "NumPy's name for an array's elements in a row, and JAX's for a nest's leaves",
    "gradient": "NumPy's name for slopes of samples, and the map that is the gradient",
    "register": "an entry into a registry: of tree, and of hypothesis",
    "tree": "the package, and the file that enters Modules in it",
    "split": "NumPy's name for cutting an array, and a Dataset in two",
}


def modules() -> Iterator[tuple[str, Path]]:
    for path in PACKAGE.rglob("*.py"):
        if path.parent != PACKAGE or path.name != "__init__.py":
            yield (path.parent.name if path.name == "__init__.py" else path.stem).lstrip("_"), path


def definitions(kind: type[ast.stmt]) -> Iterator[tuple[str, Path]]:
    """The classes, or the functions that other files may import; a function with an underscore is its file's own."""
    for path in PACKAGE.rglob("*.py"):
        names = {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, kind)}
        yield from ((name.lstrip("_"), path) for name in names if kind is ast.ClassDef or not name.startswith("_"))


KINDS = {"modules": modules, "classes": lambda: definitions(ast.ClassDef),
         "functions": lambda: definitions(ast.FunctionDef)}


def shared(kind: str) -> dict[str, list[str]]:
    """The names that more than one file has."""
    found = defaultdict(list)
    for name, path in KINDS[kind]():
        found[name].append(str(path.relative_to(PACKAGE)))
    return {name: files for name, files in found.items() if len(files) > 1}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_means_one_thing(kind):
    assert {name: files for name, files in shared(kind).items() if name not in SHARED} == {}


@pytest.mark.slow
def test_each_exception_is_needed():
    assert set(SHARED) == {name for kind in KINDS for name in shared(kind)}
