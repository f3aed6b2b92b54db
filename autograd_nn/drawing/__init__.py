"""Pictures and derivations of a finished graph: one record, the Trace, and many small renderers."""

from .derivation import explain
from .picture import Picture, draw
from .trace import Trace, trace_of

__all__ = ["Picture", "Trace", "draw", "explain", "trace_of"]
