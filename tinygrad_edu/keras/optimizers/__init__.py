"""Optimisers: those of ``optim``. The learning rate comes first, ``Adam(0.001)``, and everything else by keyword."""

from ...optim import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, Optimizer, RMSprop, get
from . import schedules

__all__ = [
    "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Nadam", "Optimizer", "RMSprop", "get", "schedules",
]  # fmt: skip
