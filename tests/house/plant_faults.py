"""Plant faults in the op table, one at a time, and count how many the table's tests catch.

    python tests/house/plant_faults.py [name of an op ...]

Each rule of each entry, and each helper that a rule calls, is changed as a tired programmer might:
a wrong sign, a missing factor, swapped operands, a forgotten sum or broadcast. The checks of
helpers/op_checks.py then run on that op alone. Prints every fault that went unnoticed and exits with 1 if
there was one.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import gc
import inspect
import io
import os
import sys
import textwrap
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ["AUTOGRAD_NN_PURE"] = "1"            # the engine in C has its rules compiled in

from helpers import op_checks as checks

from autograd_nn.core import reverse
from autograd_nn.core.value import PureValue
from autograd_nn.notation.generate import table_ops
from autograd_nn.ops import OPS, Each, Op
from autograd_nn.ops._bind import InOneStep

RESHAPING = ("sum_to", "broadcast_to", "reshape", "expand_dims")

@dataclass
class Fault:
    """One changed function: `name` is the op whose tests must notice."""

    op: Op
    where: str
    what: str
    original: types.FunctionType
    code: types.CodeType

    def __str__(self) -> str:
        return f"{self.op.name:16} {self.where:18} {self.what}"


@cache
def nodes_of(module: str) -> list[ast.AST]:
    """All that a module's source consists of."""
    return list(ast.walk(ast.parse(inspect.getsource(sys.modules[module]))))


def tree_of(function: types.FunctionType) -> ast.AST:
    """The lambda or def of a function, out of its module's source."""
    nodes, code = nodes_of(function.__module__), function.__code__
    if function.__name__ != "<lambda>":
        return next(n for n in nodes if isinstance(n, ast.FunctionDef) and n.name == function.__name__)
    starts = {(p[0], p[2]) for p in code.co_positions() if p[0] is not None}
    found = [n for n in nodes if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno]
    return next(n for n in found if len(found) == 1 or (n.body.lineno, n.body.col_offset) in starts
                or any((d.lineno, d.col_offset) in starts for d in ast.walk(n.body) if hasattr(d, "lineno")))


def without_sign(node: ast.AST) -> bool:
    """Whether this is a call of what has no sign that could be seen."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WITHOUT_SIGN


def changes(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every faulty version of a function's tree, with a word for what is wrong."""
    nodes = list(ast.walk(tree))

    def changed(i: int, new: ast.AST) -> ast.AST:
        other = copy.deepcopy(tree)
        target = list(ast.walk(other))[i]
        for parent in ast.walk(other):
            for field, child in ast.iter_fields(parent):
                if child is target:
                    setattr(parent, field, new)
                elif isinstance(child, list):
                    child[:] = [new if c is target else c for c in child]
        return other

    for i, node in enumerate(nodes):
        if isinstance(tree, ast.Lambda) and node is tree.body and not isinstance(node, ast.UnaryOp) \
                and not without_sign(node):
            yield "wrong sign", changed(i, ast.UnaryOp(ast.USub(), node))
        if isinstance(node, ast.Return) and node.value is not None:
            yield f"wrong sign of the result, line {node.lineno}", \
                changed(i, ast.Return(ast.UnaryOp(ast.USub(), node.value)))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Name):
            yield f"wrong sign of {ast.unparse(node.operand)}", changed(i, node.operand)
        if isinstance(node, ast.BinOp):
            text = ast.unparse(node)
            if isinstance(node.op, (ast.Mult, ast.Div)):
                yield f"missing factor in {text}", changed(i, node.left)
            if isinstance(node.op, ast.Mult):
                yield f"missing factor in {text}", changed(i, node.right)
            if isinstance(node.op, (ast.Sub, ast.Div)):
                yield f"swapped operands in {text}", changed(i, ast.BinOp(node.right, node.op, node.left))
            if isinstance(node.op, ast.Add) and not without_sign(node.right):
                yield f"wrong sign in {text}", changed(i, ast.BinOp(node.left, ast.Sub(), node.right))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name, text = node.func.id, ast.unparse(node)
            if name in RESHAPING:
                yield f"forgotten {text}", changed(i, node.args[0])
            if name in ("matmul", "power", "tie", "where", "moveaxis") and len(node.args) > 1:
                a, b, *rest = node.args if name != "where" else node.args[1:]
                first = node.args[:1] if name == "where" else []
                yield f"swapped arguments of {text}", changed(i, ast.Call(node.func, [*first, b, a, *rest], []))


def helpers(rule: types.FunctionType) -> Iterator[types.FunctionType]:
    """The functions of the table's modules that a rule calls."""
    for name in rule.__code__.co_names:
        thing = rule.__globals__.get(name)
        thing = thing.function if isinstance(thing, InOneStep) else thing
        if isinstance(thing, types.FunctionType) and thing.__module__.startswith("autograd_nn.ops") \
                and name not in ("shape_of", "_zero"):
            yield thing


# Helpers that compute a shape or an index and no derivative: a fault in one is a crash, not a number.
PLUMBING = ("keeping", "axes_of", "count", "_inverse", "_inside", "_unroll", "_repeated", "_along", "dtype_of", "_ndim",
            "_rows", "data_of")
# What is 0, or nan where there is no derivative: nobody sees its sign.
WITHOUT_SIGN = ("flat", "_kinks")


def faults() -> Iterator[Fault]:
    """Every fault that can be planted."""
    for op in table_ops():
        if op.zero:
            continue
        rules = [op.vjps.rule] if isinstance(op.vjps, Each) else [r for r in op.vjps if r is not None]
        for slot, rule in enumerate(rules):
            if rule.__name__ == "_zero":
                continue
            for function in [rule, *(h for h in helpers(rule) if h.__name__ not in PLUMBING)]:
                where = f"rule {slot}" if function is rule else function.__name__
                tree = tree_of(function)
                for what, new in changes(tree):
                    yield Fault(op, where, what, function, compiled(function, new))


def compiled(function: types.FunctionType, tree: ast.AST) -> types.CodeType:
    if isinstance(tree, ast.Lambda):
        body: ast.AST = ast.Expression(tree)
        module = compile(ast.fix_missing_locations(body), function.__code__.co_filename, "eval")
    else:
        body = ast.parse(textwrap.dedent("from __future__ import annotations"))
        body.body.append(tree)
        module = compile(ast.fix_missing_locations(body), function.__code__.co_filename, "exec")
    return next(c for c in module.co_consts if isinstance(c, types.CodeType) and c.co_name == function.__name__)


@cache
def of_the_table() -> list[types.FunctionType]:
    """Every function of the table's modules, lambdas too."""
    found = (x for x in gc.get_objects() if type(x) is types.FunctionType)
    return [function for function in found if str(function.__module__).startswith("autograd_nn.ops")]


@contextlib.contextmanager
def planted(fault: Fault) -> Iterator[None]:
    """The fault in place: the function's own code object replaced, and what was bound from it forgotten."""
    before = fault.original.__code__

    def put(code: types.CodeType) -> None:
        fault.original.__code__ = code
        for function in of_the_table():
            function.__dict__.pop("_bound", None)        # where ops._bind keeps what it has bound
        for op in OPS.values():
            for cached in ("scalar_rules", "float_rules", "array_rules"):
                op.__dict__.pop(cached, None)
    put(fault.code)
    try:
        yield
    finally:
        put(before)


ELEMENTWISE = (checks.first_derivative, checks.value_and_tensor_agree_under_broadcasting,
               checks.forward_mode_is_reverse_mode, checks.second_derivative, checks.nan_reaches_the_derivative)


def caught(op: Op) -> bool:
    """Whether the table's tests fail for this op."""
    runs = [lambda case=case, check=check: check(op, *case) for case in op.cases
            for check in (checks.array_op, checks.nan_reaches_the_derivative_of_an_array_op)]
    if op.elementwise:
        runs += [lambda test=test: test(op, PureValue) for test in ELEMENTWISE]
    if op in checks.OF_ANY_SIZE:
        runs += [lambda case=case: checks.numbers_of_any_size(op, *case) for case in op.cases]
    if op in checks.EXTREMES:
        runs.append(lambda: checks.ties_share_evenly(op, PureValue))
    np.random.seed(0)                   # of the points
    for run in runs:
        try:
            with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
                run()
        except Exception:
            return True
    return False


def forgotten_broadcast_sum() -> bool:
    """The one place that undoes broadcasting, made to forget it: is it caught by every binary op?"""
    before = reverse.fitted, reverse.in_c
    reverse.fitted, reverse.in_c = lambda g, x: x._own(g), None        # the sweep in Python calls it by that name
    try:
        return all(caught(op) for op in table_ops() if op.elementwise and op.arity == 2 and not op.zero)
    finally:
        reverse.fitted, reverse.in_c = before


def main(names: list[str]) -> int:
    """Plant all faults, or those of some ops, print what went unnoticed, and return how many did."""
    innocent = [op.name for op in table_ops() if (not names or op.name in names) and caught(op)]
    if innocent:
        print("these fail as they are, so nothing could be shown:", *innocent)
        return len(innocent)
    every = [f for f in faults() if not names or f.op.name in names]
    missed = []
    for fault in every:
        with planted(fault):
            if not caught(fault.op):
                missed.append(fault)
                print("NOT CAUGHT", fault)
    broadcast = bool(names) or forgotten_broadcast_sum()
    print(f"{len(every)} faults planted in the rules of {len({f.op.name for f in every})} ops, "
          f"{len(every) - len(missed)} caught; "
          f"forgotten broadcast-sum: {'caught' if broadcast else 'NOT CAUGHT'}")
    return len(missed) + (not broadcast)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="plant faults in the op table and count those caught")
    parser.add_argument("ops", nargs="*", help="names of ops; all by default")
    sys.exit(min(main(parser.parse_args().ops), 1))
