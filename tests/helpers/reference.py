"""A second engine, to compare with: naive, recursive, and nothing of the package in it.

A derivative is the sum over all paths from the root to a leaf of the products of the local
Jacobians, and that is how it is computed: path by path, with every Jacobian a full matrix. The
Jacobian of an elementwise function comes from a formula written here by hand; that of a function
that is affine in each of its inputs comes from running it on unit vectors.
"""

from __future__ import annotations

import math
from itertools import count

import numpy as np

_erf = np.vectorize(math.erf, otypes=[float])


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _bent(x):
    """What is in the tanh of the approximate gelu."""
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)


def _normal(x):
    """The standard normal density."""
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


_SELU = 1.0507009873554805, 1.6732632423543772

# name: (function, derivative, where it may be applied: a condition on every element)
UNARY = {
    "negative": (lambda x: -x, lambda x: -np.ones_like(x), None),
    "square": (lambda x: x * x, lambda x: 2 * x, None),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x ** 2, lambda x: abs(x) > 0.3),
    "absolute": (np.abs, np.sign, lambda x: abs(x) > 0.05),
    "sign": (np.sign, np.zeros_like, lambda x: abs(x) > 0.05),
    "step": (lambda x: (x > 0) * 1.0, np.zeros_like, lambda x: abs(x) > 0.05),
    "floor": (np.floor, np.zeros_like, lambda x: abs(x - np.round(x)) > 0.05),
    "ceil": (np.ceil, np.zeros_like, lambda x: abs(x - np.round(x)) > 0.05),
    "exp": (np.exp, np.exp, lambda x: x < 2),
    "expm1": (np.expm1, np.exp, lambda x: x < 2),
    "log": (np.log, lambda x: 1 / x, lambda x: x > 0.2),
    "log1p": (np.log1p, lambda x: 1 / (1 + x), lambda x: x > -0.7),
    "log2": (np.log2, lambda x: 1 / (x * math.log(2)), lambda x: x > 0.2),
    "log10": (np.log10, lambda x: 1 / (x * math.log(10)), lambda x: x > 0.2),
    "sqrt": (np.sqrt, lambda x: 0.5 * x ** -0.5, lambda x: x > 0.1),
    "cbrt": (np.cbrt, lambda x: np.abs(x) ** (-2 / 3) / 3, lambda x: abs(x) > 0.1),
    "sin": (np.sin, np.cos, None),
    "cos": (np.cos, lambda x: -np.sin(x), None),
    "tan": (np.tan, lambda x: 1 / np.cos(x) ** 2, lambda x: abs(np.cos(x)) > 0.3),
    "arcsin": (np.arcsin, lambda x: (1 - x * x) ** -0.5, lambda x: abs(x) < 0.9),
    "arccos": (np.arccos, lambda x: -(1 - x * x) ** -0.5, lambda x: abs(x) < 0.9),
    "arctan": (np.arctan, lambda x: 1 / (1 + x * x), None),
    "sinh": (np.sinh, np.cosh, lambda x: abs(x) < 2),
    "cosh": (np.cosh, np.sinh, lambda x: abs(x) < 2),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2, lambda x: abs(x) < 20),
    "arcsinh": (np.arcsinh, lambda x: (x * x + 1) ** -0.5, None),
    "arccosh": (np.arccosh, lambda x: (x * x - 1) ** -0.5, lambda x: x > 1.2),
    "arctanh": (np.arctanh, lambda x: 1 / (1 - x * x), lambda x: abs(x) < 0.8),
    "erf": (_erf, lambda x: 2 * np.exp(-x * x) / math.sqrt(math.pi), None),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x), None),
    "relu": (lambda x: x * (x > 0), lambda x: (x > 0) * 1.0, lambda x: abs(x) > 0.05),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1, 0.01),
                   lambda x: abs(x) > 0.05),
    "elu": (lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
            lambda x: np.where(x > 0, 1, np.exp(np.minimum(x, 0))), lambda x: abs(x) > 0.05),
    "selu": (lambda x: _SELU[0] * np.where(x > 0, x, _SELU[1] * (np.exp(np.minimum(x, 0)) - 1)),
             lambda x: _SELU[0] * np.where(x > 0, 1, _SELU[1] * np.exp(np.minimum(x, 0))), lambda x: abs(x) > 0.05),
    "softplus": (lambda x: np.log(1 + np.exp(x)), _sigmoid, lambda x: abs(x) < 15),
    "silu": (lambda x: x * _sigmoid(x), lambda x: _sigmoid(x) + x * _sigmoid(x) * _sigmoid(-x), None),
    "gelu": (lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2,
             lambda x: (1 + _erf(x / math.sqrt(2))) / 2 + x * _normal(x), None),
    "gelu_tanh": (lambda x: x * (1 + np.tanh(_bent(x))) / 2,
                  lambda x: (1 + np.tanh(_bent(x))) / 2
                  + x * (1 - np.tanh(_bent(x)) ** 2) * math.sqrt(2 / math.pi) * (1 + 0.134145 * x * x) / 2, None),
}

# name: (function, derivatives by each, condition)
BINARY = {
    "add": (lambda x, y: x + y, (lambda x, y: 1.0, lambda x, y: 1.0), None),
    "subtract": (lambda x, y: x - y, (lambda x, y: 1.0, lambda x, y: -1.0), None),
    "multiply": (lambda x, y: x * y, (lambda x, y: y, lambda x, y: x), None),
    "divide": (lambda x, y: x / y, (lambda x, y: 1 / y, lambda x, y: -x / y ** 2), lambda x, y: abs(y) > 0.3),
    "power": (lambda x, y: x ** y, (lambda x, y: y * x ** (y - 1), lambda x, y: x ** y * np.log(x)),
              lambda x, y: (x > 0.2) & (abs(y) < 3)),
    "maximum": (np.maximum, (lambda x, y: (x > y) * 1.0, lambda x, y: (y > x) * 1.0), lambda x, y: abs(x - y) > 0.05),
    "minimum": (np.minimum, (lambda x, y: (x < y) * 1.0, lambda x, y: (y < x) * 1.0), lambda x, y: abs(x - y) > 0.05),
    "hypot": (np.hypot, (lambda x, y: x / np.hypot(x, y), lambda x, y: y / np.hypot(x, y)),
              lambda x, y: abs(x) + abs(y) > 0.3),
    "arctan2": (np.arctan2, (lambda x, y: y / (x * x + y * y), lambda x, y: -x / (x * x + y * y)),
                lambda x, y: (abs(x) > 0.1) & (abs(y) > 0.3)),
    "logaddexp": (np.logaddexp, (lambda x, y: _sigmoid(x - y), lambda x, y: _sigmoid(y - x)), None),
}


class Node:
    """A number or array with how it was made: `function` of `inputs` (nodes and plain constants)."""

    numbers = count()

    def __init__(self, data, function=None, inputs=(), partials=None):
        self.data = np.array(data, dtype=float)
        self.function, self.inputs, self.partials = function, inputs, partials
        self.grad = None
        self.number = next(self.numbers)
        self.paths = sum(x.paths for x in self.inputs if isinstance(x, Node)) or 1

    @property
    def is_leaf(self):
        return not any(isinstance(x, Node) for x in self.inputs)

    def depends_on(self, other):
        return self is other or any(x.depends_on(other) for x in self.inputs if isinstance(x, Node))


def data_of(x):
    return x.data if isinstance(x, Node) else np.asarray(x, dtype=float)


def affine(function, *inputs):
    """A node of a function that is affine in each of its inputs."""
    return Node(function(*map(data_of, inputs)), function, inputs)


def elementwise(name, *inputs):
    """A node of one of the functions above."""
    function, partials, _ = (UNARY if len(inputs) == 1 else BINARY)[name]
    return Node(function(*map(data_of, inputs)), function, inputs,
                (partials,) if len(inputs) == 1 else partials)


def applies(name, *inputs):
    """Whether all elements are where the function is smooth."""
    condition = (UNARY if len(inputs) == 1 else BINARY)[name][2]
    return condition is None or bool(np.all(condition(*map(data_of, inputs))))


def jacobian(node, i):
    """The derivative of a node by its input i: a matrix, output size by input size."""
    xs = [data_of(x) for x in node.inputs]
    columns = []
    for k in range(xs[i].size):
        unit = np.zeros(xs[i].size)
        unit[k] = 1.0
        unit = unit.reshape(xs[i].shape)
        if node.partials is not None:
            spread = np.broadcast_to(unit, node.data.shape)          # the elements that this one goes into
            columns.append((spread * node.partials[i](*xs)).ravel())
        else:
            along = [unit if j == i else x for j, x in enumerate(xs)]
            fixed = [np.zeros_like(x) if j == i else x for j, x in enumerate(xs)]
            columns.append((node.function(*along) - node.function(*fixed)).ravel())
    return np.stack(columns, axis=1) if columns else np.zeros((node.data.size, 0))


def gradients(root, seed):
    """{node: derivative of sum(seed * root) by it}, for every node below the root."""
    found = {}

    def follow(node, g):
        found[node] = found.get(node, 0) + g
        for i, x in enumerate(node.inputs):
            if isinstance(x, Node):
                follow(x, g @ jacobian(node, i))
    follow(root, np.ravel(np.broadcast_to(seed, root.data.shape)).astype(float))
    return {node: g.reshape(node.data.shape) for node, g in found.items()}


def backward(root, seed):
    """Leaves add up what arrives, nodes between hold the latest."""
    for node, g in gradients(root, seed).items():
        node.grad = g if node.grad is None or not node.is_leaf else node.grad + g


def again(root, leaf, data):
    """The root, built anew with other data in one leaf: (root, leaf)."""
    made = {}

    def copy(node):
        if node not in made:
            inputs = tuple(copy(x) if isinstance(x, Node) else x for x in node.inputs)
            fresh = data if node is leaf else node.data if node.is_leaf else node.function(*map(data_of, inputs))
            made[node] = Node(fresh, node.function, inputs, node.partials)
        return made[node]
    return copy(root), made[leaf]
