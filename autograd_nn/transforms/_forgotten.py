"""What an op makes inside a checkpoint: a node that knows its data, and no longer how it came about."""

from __future__ import annotations

from typing import Any

from ..core.node import Node
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors import GraphError, LeavesGraphError
from ..ops import Op


class Inside:
    """A run of a checkpointed function. Once it is over, nothing can be differentiated by what it did not return."""

    over = False

    def check(self) -> None:
        """Raise a GraphError if it is over."""
        if self.over:
            raise GraphError("a value from inside checkpoint(f), which f did not return, is used outside, and how it "
                             "came about is forgotten\n"
                             "  help: return it from f, or keep its data alone: x.item() or x.data")

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.over = True

    def __reduce__(self) -> Any:
        raise LeavesGraphError("what was computed inside checkpoint cannot be pickled: a copy would have no gradient\n"
                               "  help: x.item() or x.data is what it holds")


def _passed(g: Any, y: Any, x: Any, run: Inside | None) -> Any:
    if run is not None:
        run.check()
    return g


forgotten = Op("forgotten", None, lambda x, run: x, lambda g, y, x, run: _passed(g, y, x, run),
               tex="{0}", params={"run": None}, method=False, cases=[(((2, 3),), {})])
_nowhere = Value(0.0), Tensor(0.0)
NOWHERE = frozenset[Node](_nowhere)
"""The leaves below the nodes that are forgotten."""


def forget(kind: type[Node], data: Any, run: Inside) -> Any:
    """A node with these data, made in this run."""
    return kind._made(data, forgotten, (_nowhere[issubclass(kind, Tensor)],), {"run": run})


def refuse_forgotten(node: Node) -> None:
    """Raise a GraphError if the node was made inside a checkpoint whose run is over."""
    if node.op is forgotten and node.params["run"] is not None:
        node.params["run"].check()
