"""Networks: Module and Parameter, layers, losses, initialisers, and the models that train.

Reading order: ``module.py`` (what a module is), ``linear.py`` (the first layer), ``sequential.py`` and ``model.py`` (models
that train), ``symbolic.py`` and ``functional.py`` (models from symbolic tensors), then the rest.
"""

from ..io.names import built_in
from . import init
from .activation import *  # noqa: F403
from .attention import MultiheadAttention
from .augmentation import (
    RandomBrightness,
    RandomContrast,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
)
from .convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .dropout import Dropout, GaussianNoise
from .embedding import Embedding
from .functional import Input, InputLayer
from .linear import Flatten, Linear
from .loss import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, L1Loss, LogitsWarning, Loss, MSELoss
from .model import Model
from .module import Module
from .normalization import BatchNorm, BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, LayerNorm, RMSNorm
from .parameter import Parameter
from .pooling import *  # noqa: F403
from .recurrent import GRU, LSTM, RNN
from .resizing import Upsample, ZeroPad1d, ZeroPad2d
from .sequential import Sequential
from .summary import summary
from .symbolic import SymbolicTensor

from . import activation, pooling  # isort: skip

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "BCEWithLogitsLoss",
    "BatchNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GroupNorm",
    "HuberLoss",
    "Input",
    "InputLayer",
    "L1Loss",
    "LayerNorm",
    "Linear",
    "LogitsWarning",
    "Loss",
    "MSELoss",
    "Model",
    "Module",
    "MultiheadAttention",
    "Parameter",
    "RMSNorm",
    "RandomBrightness",
    "RandomContrast",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "Sequential",
    "SymbolicTensor",
    "Upsample",
    "ZeroPad1d",
    "ZeroPad2d",
    "init",
    "summary",
]
__all__ += [*activation.__all__, *pooling.__all__]

built_in("nn", {name: value for name, value in vars().items() if isinstance(value, type) and issubclass(value, Module)
                and value not in (Model, Module, Sequential)})  # fmt: skip
