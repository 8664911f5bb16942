"""Callbacks: what happens at the stations of training, besides training."""

from .base import Callback, CallbackList, History, LambdaCallback
from .monitors import EarlyStopping, MonitorWarning, ReduceLROnPlateau, TerminateOnNaN
from .progress import ProgressBar
from .records import CSVLogger, LearningRateScheduler

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "MonitorWarning",
    "ProgressBar",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
