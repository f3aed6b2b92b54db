"""The layers of a model as its graph shows them: their parameters, and what comes out of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.times import changed_inputs
from ...core.value import BaseValue
from ...errors import UsageError
from ...ops._refusal import shown_in_error

MIXED = -1                       # the owner of a node that is made of several layers' parameters


@dataclass
class LayerNodes:
    """The parameters that belong together, and the nodes that are the layer's output."""

    name: str
    used: bool
    parameters: list[Node] = field(default_factory=list)
    outputs: list[Node] = field(default_factory=list)
    units: list[Node | None] = field(default_factory=list)
    """For each output that is a Value the parameter that tells which unit made it."""


def layers_of(model: Any, order: list[Node]) -> list[LayerNodes]:
    """The layers, in the order in which the graph uses them; those it does not use stand last.

    A layer is a module that holds parameters itself; neurons in a list, each a module of single
    numbers, are one together. Where one module (or a plain list of parameters) holds several weight
    matrices, each of them is a layer, with the vectors used after it.

    What comes out of a hidden layer are its activations, or else what the next layer takes; out of
    the last one, what its parameters make, and an activation applied to that alone. Raises UsageError
    for what is no model and for one without parameters that are free.
    """
    groups = _groups(model)
    owner = _owners(order, {p: i for i, group in enumerate(groups) for p in group.parameters})
    first = [len(order)] * len(groups)               # where the graph uses each group first
    for at, node in enumerate(order):
        for x in () if node in owner else node.inputs:
            i = owner.get(x, MIXED) if isinstance(x, Node) else MIXED
            if i != MIXED and at < first[i]:
                first[i] = at
                if node.op is not None and node.op.elementwise and node.op.linear is True:
                    groups[i].rank = 1               # it is added: a bias, even one of shape (n, 1)

    matrices = Counter(group.path for group in groups if group.rank >= 2)
    layers: list[LayerNodes] = []
    latest: dict[tuple[str, bool], int] = {}
    layer_of: dict[int, int] = {MIXED: MIXED}
    for i in sorted(range(len(groups)), key=first.__getitem__):
        group, used = groups[i], first[i] < len(order)
        alone = matrices[group.path] > 1 and group.rank >= 2
        at = -1 if alone else latest.get((group.path, used), -1)
        if at < 0:
            at = len(layers)
            layers.append(LayerNodes(group.name if matrices[group.path] > 1 else group.path or _name(model), used))
        layers[at].parameters += group.parameters
        latest[group.path, used] = layer_of[i] = at
    _find_outputs(layers, order, {node: layer_of[i] for node, i in owner.items()})
    return layers


# --- parameters ---------------------------------------------------------------------------------------

@dataclass
class _Group:
    """A parameter: a Tensor, or the Values of one array. `path` is the module that holds it."""

    path: str
    name: str
    rank: int
    parameters: list[Node] = field(default_factory=list)


def _groups(model: Any) -> list[_Group]:
    groups: dict[str, _Group] = {}
    for path, name, indices, p in leaves_of(model):
        if p.requires_grad:                          # no gradient flows to one that is fixed
            groups.setdefault(name, _Group(path, name, len(p.shape) + indices)).parameters.append(p)
    if not groups:
        raise UsageError(f"this {type(model).__name__} has no parameters, or all are fixed")
    of_module: dict[str, list[_Group]] = {}
    for group in groups.values():
        of_module.setdefault(group.path, []).append(group)
    for path, held in of_module.items():
        parent, _, last = path.rpartition(".")
        if last.isdigit() and all(g.rank < 2 and isinstance(g.parameters[0], BaseValue) for g in held):
            for group in held:                       # a neuron in a list of neurons
                group.path = parent
    return list(groups.values())


def leaves_of(model: Any) -> Iterator[tuple[str, str, int, Any]]:
    """(path of its module, name of its array, how many indices it has in that, leaf) of each parameter."""
    if hasattr(model, "named_parameters"):
        paths = {path for path, _ in model.named_modules()} | {""}
        for name, p in model.named_parameters():
            parts = name.split(".")
            cut = max(n for n in range(len(parts)) if ".".join(parts[:n]) in paths)
            indices = min(len(parts) - cut - 1, 2) if isinstance(p, BaseValue) else 0
            yield ".".join(parts[:cut]), ".".join(parts[:len(parts) - indices]), indices, p
    elif isinstance(model, Iterable) and not isinstance(model, (str, bytes, Node)):
        seen: dict[str, set[str]] = {}
        times: Counter[str] = Counter()
        for i, p in enumerate(model):
            if not isinstance(p, Node):
                raise UsageError(f"parameter {i} is no Value or Tensor, but {type(p).__name__} {shown_in_error(p)}")
            name, bracket, index = str(getattr(p, "name", None) or f"parameter {i}").partition("[")
            if index in seen.get(name, ()):          # the weight of another layer
                seen[name] = set()
                times[name] += 1
            seen.setdefault(name, set()).add(index)
            yield "", f"{name}#{times[name] + 1}" if times[name] else name, index.count(",") + 1 if bracket else 0, p
    else:
        raise UsageError(f"a model is a Module or a list of parameters, not {type(model).__name__} "
                         f"{shown_in_error(model)}")


def named_leaves(model: Any) -> Iterator[tuple[str, Any]]:
    """(name, leaf) of each parameter, an element of an array of Values as layers.0.weight[1,0]."""
    full = list(model.named_parameters()) if hasattr(model, "named_parameters") else []
    for i, (_, name, indices, p) in enumerate(leaves_of(model)):
        if full and indices:
            name += f"[{','.join(full[i][0].split('.')[-indices:])}]"
        elif indices:
            name += f"[{str(p.name).partition('[')[2]}"
        yield name, p


def check_unchanged(order: Iterable[Node], parameters: Container[Node]) -> None:
    """Raise UsageError where a parameter has other data than when the graph was made."""
    if any(x in parameters for node in order for x in changed_inputs(node)):
        raise UsageError("the parameters have changed since this loss was computed\n"
                         "  help: call this after loss.backward() and before optimizer.step(), "
                         "or compute the loss again")


def _name(model: Any) -> str:
    return type(model).__name__ if hasattr(model, "named_parameters") else "parameters"


def _owners(order: list[Node], place: dict[Node, int]) -> dict[Node, int]:
    """The group of each parameter, and of what is computed from parameters alone: W.T, or a penalty on them."""
    owner: dict[Node, int] = {}
    for node in order:
        if node in place:
            owner[node] = place[node]
        elif node.op is not None and all(
                x in owner if isinstance(x, Node) else np.ndim(x) == 0 and not isinstance(node, BaseValue)
                for x in node.inputs):
            found = {owner[x] for x in node.inputs if isinstance(x, Node)}
            owner[node] = found.pop() if len(found) == 1 else MIXED
    return owner


# --- what comes out -----------------------------------------------------------------------------------

def _find_outputs(layers: list[LayerNodes], order: list[Node], owner: dict[Node, int]) -> None:
    level: dict[Node, int] = {}                      # the last layer that a node depends on
    users: dict[Node, list[Node]] = {}
    crossing: list[dict[Node, None]] = [{} for _ in layers]
    active: list[dict[Node, None]] = [{} for _ in layers]
    direct: dict[Node, Node] = {}                    # uses a parameter of its own layer: this one
    for node in order:
        if node in owner:
            continue
        below = [x for x in node.inputs if isinstance(x, Node)]
        at = level[node] = max((level[x] if x in level else owner[x] for x in below), default=-1)
        for x in below:
            users.setdefault(x, []).append(node)
            if -1 < level.get(x, -1) < at:
                crossing[level[x]][x] = None
            if owner.get(x, MIXED) == at >= 0:
                direct.setdefault(node, x)
        if at >= 0 and is_activation(node):
            active[at][node] = None
    covered: set[Node] = set()                       # a node above it in the same layer uses a parameter too
    for node in reversed(order):
        if node in direct or node in covered:
            covered.update(x for x in node.inputs if isinstance(x, Node) and level.get(x, -1) == level[node])
    for i, layer in enumerate(layers):
        if crossing[i]:
            outputs = list(active[i] or crossing[i])
        else:
            outputs = [_activated(n, users) for n in order if level.get(n) == i and n in direct and n not in covered]
        shaped = [n for n in outputs if n.shape]
        layer.outputs = shaped or outputs            # a penalty on the weights is a number beside the arrays
        layer.units = [next((direct[x] for x in (n, *n.inputs) if isinstance(x, Node) and x in direct), None)
                       for n in layer.outputs]


def _activated(node: Node, users: dict[Node, list[Node]]) -> Node:
    above = users.get(node, [])
    return above[0] if len(above) == 1 and is_activation(above[0]) else node


def is_activation(node: Node) -> bool:
    """Whether an activation made a node: its op's entry says how steep it is."""
    return node.op is not None and node.op.steepest is not None
