"""Losses, ``loss(y_true, y_pred)``: those of ``training.losses``, by class, by function or by name."""

from ..io.objects import serialize
from ..training import losses
from ..training.losses import *  # noqa: F403
from ._registry import reader

deserialize = reader("loss", {name: getattr(losses, name) for name in losses.__all__ if name != "get"}, "losses")
__all__ = [*losses.__all__, "deserialize", "serialize"]
