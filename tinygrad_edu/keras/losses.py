"""Losses, ``loss(y_true, y_pred)``: those of ``training.losses``, by class, by function or by name."""

from ..training.losses import *  # noqa: F403
from ..training.losses import __all__ as __all__
