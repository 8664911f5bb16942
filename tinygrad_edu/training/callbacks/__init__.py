"""Callbacks: what happens at the stations of training, besides training."""

from .base import Callback, CallbackList, History, LambdaCallback
from .checkpoints import BackupAndRestore, ModelCheckpoint
from .monitors import EarlyStopping, MonitorWarning, ReduceLROnPlateau, TerminateOnNaN
from .progress import ProgressBar
from .records import CSVLogger, LearningRateScheduler

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "MonitorWarning",
    "ProgressBar",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
