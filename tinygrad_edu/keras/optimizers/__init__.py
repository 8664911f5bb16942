"""Optimisers: those of ``optim``, with the learning rate first and everything else in Keras's order."""

from ...io.objects import serialize
from ...optim import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, Optimizer, RMSprop
from ...optim import get as optimizer_of
from .._registry import getter, reader
from . import schedules

__all__ = [
    "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Nadam", "Optimizer", "RMSprop", "deserialize", "get",
    "schedules", "serialize",
]  # fmt: skip

deserialize = reader(
    "optimizer", {cls.__name__: cls for cls in (SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, RMSprop)}
)
get = getter(optimizer_of, deserialize)
