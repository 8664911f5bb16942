"""Training in Keras's words: compile, fit, evaluate, predict, callbacks, losses, metrics.

A model is known here only as a callable with named parameters. Reading order: ``trainer.py`` (what a step and an epoch
are), ``run.py`` (where a fit is), ``data.py`` (from arrays to batches), ``compiled.py`` (from names to losses and
metrics), then ``losses``, ``metrics`` and ``callbacks``. ``noticed.py`` looks for mistakes; the warnings are here, each to be
silenced by its class: ``warnings.simplefilter("ignore", training.SortedLabelsWarning)``.
"""

from . import callbacks, losses, metrics
from .callbacks import Callback, History, MonitorWarning
from .checks import CappedWarning
from .losses import BroadcastWarning, LabelRangeWarning, LogitsWarning, Loss, ProbabilitiesWarning
from .metrics import Metric
from .noticed import (
    AccuracyOfNumbersWarning,
    LateSeedWarning,
    NoGradientWarning,
    NonFiniteLossWarning,
    SortedLabelsWarning,
    TrainingModeWarning,
    UnscaledPixelsWarning,
)
from .structure import pack, unpack
from .trainer import Trainer

__all__ = [
    "AccuracyOfNumbersWarning", "BroadcastWarning", "Callback", "CappedWarning", "History", "LabelRangeWarning", "LateSeedWarning",
    "LogitsWarning", "Loss", "Metric", "MonitorWarning", "NoGradientWarning", "NonFiniteLossWarning", "ProbabilitiesWarning",
    "SortedLabelsWarning", "Trainer", "TrainingModeWarning", "UnscaledPixelsWarning", "callbacks", "losses", "metrics", "pack",
    "unpack",
]  # fmt: skip
