"""What is generated from the op table: type stubs and the table of derivatives.

`python -m autograd_nn.notation.generate` writes the files anew; a test says whether they are up to date.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import autograd_nn
from autograd_nn import ops
from autograd_nn.core.tensor import Tensor
from autograd_nn.notation.c_rules import rules
from autograd_nn.notation.symbol import Symbol, applied, input_names, local_derivatives
from autograd_nn.ops import FUNCTIONS, OPS, Op
from autograd_nn.ops._bind import Each
from autograd_nn.ops._numpy_op import NumpyOp

HEADER = "Generated from the op table by `python -m autograd_nn.notation.generate`; do not edit."
PACKAGE = Path(autograd_nn.__file__).parent


def table_ops() -> list[Op]:
    """The ops that the package itself defines in ops/, in order."""
    return [op for op in OPS.values() if op.module.startswith("autograd_nn.ops.")]


# --- stubs -----------------------------------------------------------------------------------

def surface() -> str:
    """surface.pyi: the methods and operators of Value and Tensor."""
    lines = [f"# {HEADER}", "from typing import Any, overload", "", "import numpy as np", "",
             "from .tensor import Tensor", "from .value import Value", "",
             "_Number = float | np.generic", "_Array = np.ndarray[Any, Any]", "", "class ValueMethods:"]
    for op in table_ops():
        if op.elementwise and op.method:
            lines.append(f"    def {op.name}({_arguments(op)}) -> Value: ...")
        if op.elementwise and op.dunder:
            lines += _operators(op, "Value", "Value | _Number")
    lines += ["", "class TensorMethods:"]
    for op in table_ops():
        if op.method and getattr(vars(Tensor)[op.name], "op", None) is op:     # others are written out in tensor.py
            lines.append(f"    def {op.name}({_arguments(op)}) -> Tensor: ...")
        if op.dunder:
            lines += _operators(op, "Tensor", "Tensor | Value | _Number | _Array")
    for function in FUNCTIONS.values():
        if function.method:
            lines.append(f"    def {function.name}(self, *args: Any, **params: Any) -> Any: ...")
    return "\n".join(lines) + "\n"


def _arguments(op: Op) -> str:
    if isinstance(op, NumpyOp):
        return _numpys_arguments(op)
    inputs = [f"{name}: Any" for name in input_names(op)[2:]]
    params = [f"{name}: Any = ..." for name in (*op.params, *op.variants)]
    return ", ".join(["self", *inputs, *params])


def _numpys_arguments(op: NumpyOp) -> str:
    parts = ["self"]
    for parameter in list(op.signature.parameters.values())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        parts.append(f"{parameter.name}: Any = ...")
    return ", ".join(parts)


def _operators(op: Op, kind: str, operand: str) -> list[str]:
    if op.arity == 1:
        rest = ", ndigits: Any = ..." if op.dunder == "round" else ""
        return [f"    def __{op.dunder}__(self{rest}) -> {kind}: ..."]
    lines = []
    for name in (f"__{op.dunder}__", f"__r{op.dunder}__"):
        if kind == "Value":
            lines += ["    @overload", f"    def {name}(self, other: {operand}) -> Value: ...",
                      "    @overload", f"    def {name}(self, other: Tensor | _Array) -> Tensor: ..."]
        else:
            lines.append(f"    def {name}(self, other: {operand}) -> Tensor: ...")
    return lines


def functions() -> str:
    """ops/__init__.pyi: the ops as typed functions."""
    lines = [f"# {HEADER}", "from typing import Any, overload", "", "from ..core.tensor import Tensor",
             "from ..core.value import Value", "from ._bind import Each as Each",
             "from ._carriers import CARRIERS as CARRIERS"]
    lines.append("from ._composite import Composite as Composite")
    lines += [f"from ._op import {name} as {name}" for name in ("OPS", "Op", "for_each_op", "shape_of")]
    lines.append("from ._function import FUNCTIONS as FUNCTIONS")
    top = {name: function for name, function in FUNCTIONS.items() if "." not in name}
    written = {name: inspect.unwrap(f.call) for name, f in top.items() if not isinstance(f.call, Op)}
    entered = {name for name, call in written.items() if "<locals>" in call.__code__.co_qualname}
    for name, call in written.items():
        if name not in entered:
            lines.append(f"from .{call.__module__.removeprefix('autograd_nn.ops.')} import {call.__name__} as {name}")
    lines += ["", *(f"def {name}(*args: Any, **params: Any) -> Any: ..." for name in top if name in entered)]
    lines += ["", "class Elementwise(Op):",
              "    @overload", "    def __call__(self, x: Tensor) -> Tensor: ...",
              "    @overload", "    def __call__(self, x: Value) -> Value: ...",
              "    @overload", "    def __call__(self, x: float) -> float: ...",
              "    @overload", "    def __call__(self, x: Any) -> Any: ...", ""]
    named = {op.name: op for op in table_ops()} | {n: f.call for n, f in top.items() if isinstance(f.call, Op)}
    for name, op in sorted(named.items()):
        kind = "Elementwise" if op.elementwise and op.arity == 1 and not (op.params or op.variants) else "Op"
        lines.append(f"{name}: {kind}")
    return "\n".join(lines) + "\n"


def package() -> str:
    """__init__.pyi: the public names, which the module itself finds only when they are used."""
    home: Any = autograd_nn
    lines = [f"# {HEADER}", *(f"from . import {part} as {part}" for part in home._PARTS)]
    places = {module: names.split() for module, names in home._HOMES.items()} | {"transforms": home._transforms()}
    lines += [f"from .{module} import {name} as {name}" for module, names in places.items() for name in names]
    lines += [f"from .ops import {name} as {name}" for name in sorted(home._ops() - {*home._HOME})]
    return "\n".join([*lines, "", "__version__: str"]) + "\n"


PACKAGES = ("data", "drawing", "nn", "nn.losses", "optim", "saliency", "train", "transforms")


def package_stub(package: str) -> str:
    """The stub of a package whose public names are those that its `__init__` imports."""
    home = f"autograd_nn.{package}"
    source = (PACKAGE / package.replace(".", "/") / "__init__.py").read_text(encoding="utf-8")
    lines = [f"# {HEADER}"]
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom):
            place = "." * node.level + (node.module or "")
            names = import_module(place, home).__all__ if node.names[0].name == "*" else \
                [a.name for a in node.names if a.asname is None]
            lines += [f"from {place} import {name} as {name}" for name in sorted(names)]
    return "\n".join([*lines, "", "__all__: list[str]"]) + "\n"


def activations() -> str:
    """nn/activations.pyi: the modules that entries of the table name."""
    layers = sorted(op.layer for op in table_ops() if op.layer is not None)
    return "\n".join([f"# {HEADER}", "from .activation import Activation", "",
                      *(f"class {layer}(Activation): ..." for layer in layers), "", "__all__: list[str]"]) + "\n"


# --- the table of derivatives --------------------------------------------------------------------

def derivatives() -> str:
    """ops/DERIVATIVES.md: every op with its formula, its derivatives, its domain and its kinks."""
    lines = ["# The table of derivatives", "", f"<!-- {HEADER} -->", "",
             "Written by the rules themselves, run on symbols. $y$ (or $z$, where there are more inputs)",
             "is the output. $[\\ldots]$ is 1 where the condition holds and 0 elsewhere;",
             "$\\left[a \\geq b\\right]$ is 1/2 at a tie. At a kink the derivative is what the formula gives.", "",
             "The last column says how many digits are right, over the whole domain, from the smallest numbers to the",
             "largest: the value, the first and the second derivatives are off by at most so many units. A unit is the",
             "last place of the right result, and what one last place of an input changes of it. Where the numbers",
             "on the way (the value, the first derivatives) are out of range, nothing is promised. Below the table",
             "stands why some are off by more than a few.", "",
             "## Elementwise", "",
             "| op | value | derivative, one for each input | drawn from | kinks where 0 | units |",
             "|---|---|---|---|---|---|"]
    for op in table_ops():
        if op.elementwise:
            ds = [_cell(d) for d in local_derivatives(op) if d is not None]
            lines.append(f"| `{op.name}` | ${_escaped(applied(op).latex())}$ | {', '.join(ds)} "
                         f"| {', '.join(map(_interval, op.domain))} | {_kink(op)} | {_units(op)} |")
    lines += ["", "More than a few units:", "",
              *(f"* `{op.name}`: {op.loses}" for op in table_ops() if op.loses)]
    lines += ["", "## On arrays", "",
              "The rule is the program that runs: `g` is the cotangent of the output.", "",
              "| op | rule, one for each input |", "|---|---|"]
    for op in table_ops():
        if not op.elementwise:
            rules = [op.vjps.rule] if isinstance(op.vjps, Each) else [r for r in op.vjps if r]
            lines.append(f"| `{op.name}` | {'<br>'.join(f'`{_source(r)}`' for r in rules)} |")
    return "\n".join(lines) + "\n"


def _cell(d: Any) -> str:
    return f"${_escaped(d.latex())}$" if isinstance(d, Symbol) else f"{d:g}"


def _escaped(tex: str) -> str:
    return tex.replace("|", r"\vert ")                   # a bare | would end the cell


def _interval(domain: Any) -> str:
    if isinstance(domain, frozenset):
        return "{" + ", ".join(f"{x:g}" for x in sorted(domain)) + "}"
    return f"({domain[0]:g}, {domain[1]:g})"


def _kink(op: Op) -> str:
    if op.kink is None:
        return "none"
    return f"`{_source(op.kink)}`"


def _units(op: Op) -> str:
    return ", ".join(f"{units:g}" if np.isfinite(units) else "no bound" for units in op.ulps or ())


def _source(rule: Any) -> str:
    """The body of a lambda (or the name of a function) as it stands in the table."""
    if rule.__name__ != "<lambda>":
        return str(rule.__name__).lstrip("_")
    lines, _ = inspect.getsourcelines(inspect.getmodule(rule) or ops)
    tree = ast.parse("".join(lines))
    code = rule.__code__
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno
             and [a.arg for a in n.args.args] == list(code.co_varnames[:code.co_argcount])]
    positions = {p for p in code.co_positions() if p[0] is not None}
    best = next(n for n in found if any(p[0] == n.body.lineno and p[2] == n.body.col_offset for p in positions)) \
        if len(found) > 1 else found[0]
    return " ".join(ast.unparse(best.body).split())


# --- where each entry stands ---------------------------------------------------------------------

_BEGIN, _END = "<!-- the table of files: generated -->\n", "<!-- end of the table of files -->\n"


def files_of_ops() -> str:
    """ops/README.md, with its table of files written anew: what each is about, and the names that it defines."""
    entries: dict[str, list[str]] = {}
    for op in table_ops():
        entries.setdefault(op.module, []).append(op.name)
    for function in FUNCTIONS.values():
        if function.module.startswith("autograd_nn.ops."):
            entries.setdefault(function.module, []).append(function.name)
    lines = ["| file | about | names |", "|---|---|---|"]
    for module in sorted(entries):
        about = (import_module(module).__doc__ or "").split("\n\n")[0].replace("\n", " ").rstrip(".:")
        names = ", ".join(f"`{name}`" for name in entries[module])
        lines.append(f"| `{module.removeprefix('autograd_nn.ops.').replace('.', '/')}.py` | {about} | {names} |")
    before, _, rest = (PACKAGE / "ops/README.md").read_text(encoding="utf-8").partition(_BEGIN)
    return before + _BEGIN + "\n".join(lines) + "\n" + _END + rest.partition(_END)[2]


def native_rules() -> str:
    """native/rules.h: the rules in C."""
    return rules(table_ops(), HEADER)


FILES: dict[str, Callable[[], str]] = {
    "core/surface.pyi": surface, "native/rules.h": native_rules, "ops/__init__.pyi": functions,
    "__init__.pyi": package, "ops/DERIVATIVES.md": derivatives, "ops/README.md": files_of_ops,
    "nn/activations.pyi": activations,
    **{f"{p.replace('.', '/')}/__init__.pyi": partial(package_stub, p) for p in PACKAGES}}


def main() -> None:
    """Write every generated file."""
    for name, make in FILES.items():
        (PACKAGE / name).write_text(make(), encoding="utf-8")
        print(f"wrote autograd_nn/{name}")


if __name__ == "__main__":
    main()
