# Generated from the op table by `python -m autograd_nn.notation.generate`; do not edit.
from .derivation import Derivation as Derivation
from .derivation import explain as explain
from .diff import Diff as Diff
from .diff import diff as diff
from .picture import Picture as Picture
from .picture import draw as draw
from .record.trace import Trace as Trace
from .record.trace import trace_of as trace_of
from .recording import trace as trace
from .training.boundary import decision_boundary as decision_boundary
from .training.curves import plot_history as plot_history
from .training.flow import Flow as Flow
from .training.flow import flow_of as flow_of
from .training.flow import gradient_flow as gradient_flow
from .training.replay import Replay as Replay
from .training.replay import replay as replay

__all__: list[str]
