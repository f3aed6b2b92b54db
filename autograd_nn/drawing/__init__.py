"""Pictures and derivations of a finished graph: one record, the Trace, and many small renderers."""

from .derivation import Derivation, explain
from .diff import Diff, diff
from .picture import Picture, draw
from .record.trace import Trace, trace_of
from .recording import trace
from .training.boundary import decision_boundary
from .training.flow import Flow, flow_of, gradient_flow
from .training.history import plot_history
from .training.replay import Replay, replay

__all__ = ["Derivation", "Diff", "Flow", "Picture", "Replay", "Trace", "decision_boundary", "diff", "draw", "explain",
           "flow_of", "gradient_flow", "plot_history", "replay", "trace", "trace_of"]
