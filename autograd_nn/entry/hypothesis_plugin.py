"""What hypothesis loads by itself: how to draw a Tensor and a Value. See check/strategies.py."""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Tell hypothesis the package's types; the strategies are imported when one is first drawn."""
    from hypothesis import strategies as st

    from ..core.tensor import Tensor
    from ..core.value import PureValue, Value

    def tensors(kind: Any) -> Any:
        from ..check import strategies
        return strategies.tensors()

    def values(kind: Any) -> Any:
        from ..check import strategies
        return st.builds(kind, strategies.numbers)

    st.register_type_strategy(Tensor, tensors)
    st.register_type_strategy(Value, values)
    st.register_type_strategy(PureValue, values)
