"""Networks: Module and Parameter, layers, losses, initialisers, and the models that train.

Reading order: ``module.py`` (what a module is), ``linear.py`` (the first layer), ``model.py`` (Sequential), then the rest.
"""

from . import init
from .activation import *  # noqa: F403
from .dropout import Dropout
from .linear import Flatten, Linear
from .loss import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, L1Loss, LogitsWarning, Loss, MSELoss
from .model import Model, Sequential
from .module import Module
from .parameter import Parameter
from .summary import summary

from . import activation  # isort: skip

__all__ = [
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "HuberLoss",
    "L1Loss",
    "Linear",
    "LogitsWarning",
    "Loss",
    "MSELoss",
    "Model",
    "Module",
    "Parameter",
    "Sequential",
    "init",
    "summary",
]
__all__ += activation.__all__
