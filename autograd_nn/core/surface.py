"""Base classes that tell type checkers and editors which methods Value and Tensor get from the op table.

The classes are empty here: `attach` in methods.py fills them at run time. Their stubs, in
surface.pyi, are generated from the table.
"""


class ValueMethods:
    """The elementwise ops, as methods of a Value."""

    __slots__ = ()


class TensorMethods:
    """The ops, as methods of a Tensor."""

    __slots__ = ()
