"""Metrics: those of ``training.metrics``, by class, by function or by name."""

from ..io.objects import serialize
from ..training import metrics
from ..training.metrics import *  # noqa: F403
from ._registry import getter, reader

deserialize = reader("metric", {name: getattr(metrics, name) for name in metrics.__all__ if name != "get"})
get = getter(metrics.get, deserialize)  # type: ignore[assignment]
__all__ = [*metrics.__all__, "deserialize", "serialize"]
