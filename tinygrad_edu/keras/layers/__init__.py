"""Layers in Keras's words: channels last, Keras's defaults and order of weights, over the arithmetic of ``ops`` and ``nn``."""

from types import ModuleType

from ...io.objects import serialize
from .._registry import reader
from .activation import *  # noqa: F403
from .attention import *  # noqa: F403
from .augmentation import *  # noqa: F403
from .base import Layer, LostMaskWarning
from .cells import *  # noqa: F403
from .convolution import *  # noqa: F403
from .core import *  # noqa: F403
from .merging import *  # noqa: F403
from .normalization import *  # noqa: F403
from .pooling import *  # noqa: F403
from .preprocessing import *  # noqa: F403
from .recurrent import *  # noqa: F403
from .regularization import *  # noqa: F403
from .shaping import *  # noqa: F403
from .wrappers import Bidirectional, SpectralNormalization, TimeDistributed

families = {m.__name__.rpartition(".")[2]: m for m in list(vars().values()) if isinstance(m, ModuleType)}
__all__ = [
    "Bidirectional",
    "Layer",
    "LostMaskWarning",
    "SpectralNormalization",
    "TimeDistributed",
    "deserialize",
    "serialize",
]
__all__ += sorted(
    n for word, m in families.items() if word[0] != "_" and word not in ("base", "wrappers") for n in m.__all__
)

MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D  # noqa: F405
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D  # noqa: F405
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D  # noqa: F405
GlobalAvgPool3D, GlobalMaxPool3D = GlobalAveragePooling3D, GlobalMaxPooling3D  # noqa: F405
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D  # noqa: F405
Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D  # noqa: F405
Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose  # noqa: F405
Convolution3DTranspose = Conv3DTranspose  # noqa: F405
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D  # noqa: F405

KNOWN = {name: value for name, value in vars().items() if isinstance(value, type) and issubclass(value, Layer)}
# Lambda is code, which no file holds
deserialize = reader("layer", {n: v for n, v in KNOWN.items() if v is not Lambda} | {"InputLayer": InputLayer})  # noqa: F405
