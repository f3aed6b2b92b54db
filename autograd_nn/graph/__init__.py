"""The graph: nodes that ops make, the modes under which they do, and the chain rule over them."""

from .modes import check_finite, mode, no_grad, record, special_mode
from .node import NOTHING, STORAGE, Node, data_of, rebuild, topological
from .reverse import backward, cotangents, cotangents_of, fit, leaves_below, without_leaks

__all__ = ["NOTHING", "STORAGE", "Node", "backward", "check_finite", "cotangents", "cotangents_of", "data_of", "fit",
           "leaves_below", "mode", "no_grad", "rebuild", "record", "special_mode", "topological", "without_leaks"]
