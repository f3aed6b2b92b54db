"""Pictures and derivations of a finished graph: one record, the Trace, and many small renderers."""

from .boundary import decision_boundary
from .derivation import Derivation, explain
from .diff import Diff, diff
from .flow import Flow, flow_of, gradient_flow
from .history import plot_history
from .picture import Picture, draw
from .recording import trace
from .replay import Replay, replay
from .trace import Trace, trace_of

__all__ = ["Derivation", "Diff", "Flow", "Picture", "Replay", "Trace", "decision_boundary", "diff", "draw", "explain",
           "flow_of", "gradient_flow", "plot_history", "replay", "trace", "trace_of"]
