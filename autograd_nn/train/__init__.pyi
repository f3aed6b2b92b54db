# Generated from the op table by `python -m autograd_nn.notation.generate`; do not edit.
from .checkpoint import load_checkpoint as load_checkpoint
from .checkpoint import save_checkpoint as save_checkpoint
from .fit import fit as fit
from .history import History as History
from .metrics import METRICS as METRICS
from .metrics import accuracy as accuracy
from .metrics import confusion_matrix as confusion_matrix
from .metrics import f1 as f1
from .metrics import precision as precision
from .metrics import r2 as r2
from .metrics import recall as recall
from .metrics import roc_auc as roc_auc
from .run import Run as Run

__all__: list[str]
