"""Trees: nests of containers, with floats, arrays, Values and Tensors as leaves.

A container is a list, tuple, named tuple, dict, dataclass, an array of objects, a Module, whose
leaves are its parameters (those that are fixed are constants), or of a class that you `register`.
A leaf is what can be differentiated: a float, a floating point array, a Value or Tensor. Anything
else (None, integers, booleans, text, arrays of integers ...) is a constant of the tree and stays
where it is.
"""

from ._containers import is_leaf, register
from ._structure import Structure, flatten, leaves, map, unflatten

__all__ = ["Structure", "flatten", "is_leaf", "leaves", "map", "register", "unflatten"]
