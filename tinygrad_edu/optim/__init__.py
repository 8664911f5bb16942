"""Optimisers: how parameters move along their gradients, and learning-rate schedules. They compute as Keras does.

Reading order: ``optimizer.py`` (the base class and what a rule is), ``sgd.py``, ``adam.py``, ``adaptive.py`` (the rules),
``_flat.py`` (why a step costs a handful of numpy calls), ``noticed.py`` (mistakes it warns of), ``schedules.py``.
"""

from . import schedules
from .adam import Adam, Adamax, AdamW, Nadam
from .adaptive import Adadelta, Adagrad, RMSprop
from .noticed import SharedParametersWarning, ZeroGradWarning
from .optimizer import Optimizer, get
from .schedules import Schedule
from .sgd import SGD, Lion

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "SharedParametersWarning",
    "ZeroGradWarning",
    "get",
    "schedules",
]
