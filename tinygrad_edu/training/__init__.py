"""Training in Keras's words: compile, fit, evaluate, predict, callbacks, losses, metrics.

A model is known here only as a callable with named parameters. Reading order: ``trainer.py`` (what a step and an epoch
are), ``run.py`` (where a fit is), ``data.py`` (from arrays to batches), ``compiled.py`` (from names to losses and
metrics), then ``losses``, ``metrics`` and ``callbacks``.
"""

from . import callbacks, losses, metrics
from .callbacks import Callback, History
from .losses import Loss
from .metrics import Metric
from .structure import pack, unpack
from .trainer import Trainer

__all__ = ["Callback", "History", "Loss", "Metric", "Trainer", "callbacks", "losses", "metrics", "pack", "unpack"]
