"""Metrics: those of ``training.metrics``, by class, by function or by name."""

from ..training.metrics import *  # noqa: F403
from ..training.metrics import __all__ as __all__
