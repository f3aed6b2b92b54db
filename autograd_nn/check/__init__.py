"""Gradients checked against numerical differentiation."""

from ._gradients import Report, check_gradients
from ._numeric import central_difference

__all__ = ["Report", "central_difference", "check_gradients"]
