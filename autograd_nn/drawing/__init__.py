"""Pictures and derivations of a finished graph: one record, the Trace, and many small renderers."""

from ..core.exports import public_names as _public_names
from .derivation import Derivation, explain
from .diff import Diff, diff
from .picture import Picture, draw
from .record.trace import Trace, trace_of
from .recording import trace
from .training.boundary import decision_boundary
from .training.curves import plot_history
from .training.flow import Flow, flow_of, gradient_flow
from .training.replay import Replay, replay

__all__ = _public_names(globals())
