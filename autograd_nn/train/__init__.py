"""Training: the loop, its checkpoints and history, and what measures a model."""

from ..core.exports import public_names as _public_names
from .checkpoint import load_checkpoint, save_checkpoint
from .fit import fit
from .history import History
from .metrics import METRICS, accuracy, confusion_matrix, f1, precision, r2, recall, roc_auc
from .run import Run

__all__ = _public_names(globals())
