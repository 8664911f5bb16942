"""Losses, ``loss(y_true, y_pred)``: those of ``training.losses``, by class, by function or by name."""

from ..io.objects import serialize
from ..training import losses
from ..training.losses import *  # noqa: F403
from ._registry import getter, reader

deserialize = reader("loss", {name: getattr(losses, name) for name in losses.__all__ if name != "get"}, "losses")
get = getter(losses.get, deserialize)  # type: ignore[assignment]
__all__ = [*losses.__all__, "deserialize", "serialize"]
