"""Metrics: those of ``training.metrics``, by class, by function or by name."""

from ..io.objects import serialize
from ..training import losses, metrics
from ..training.metrics import *  # noqa: F403
from ._registry import getter, reader

deserialize = reader("metric", {name: getattr(metrics, name) for name in metrics.__all__ if name != "get"})
get = getter(metrics.get, deserialize)  # type: ignore[assignment]
FUNCTIONS = [
    name for name in losses.__all__ if name.islower() and name not in ("get", "cosine_similarity", "dice", "tversky")
]
globals().update({name: getattr(losses, name) for name in FUNCTIONS})
__all__ = [*metrics.__all__, *FUNCTIONS, "deserialize", "serialize"]
