"""Layers in Keras's words as PyTorch modules: images stay channels last, as the model has them.

Each layer of images turns them for PyTorch's and back, which moves no memory; so all that depends on the order of the axes, such as
what a Flatten makes of an image, is what it was.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ..engine.errors import ExchangeError

__all__ = ["activation", "made_of"]

Make = Callable[[Any, Any], Any]  # (torch, layer) -> module
MAKERS: dict[str, Make] = {}
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {  # by the names of our functions
    "linear": lambda n: n.Identity(), "relu": lambda n: n.ReLU(), "sigmoid": lambda n: n.Sigmoid(), "tanh": lambda n: n.Tanh(),
    "silu": lambda n: n.SiLU(), "gelu": lambda n: n.GELU(), "elu": lambda n: n.ELU(), "selu": lambda n: n.SELU(),
    "celu": lambda n: n.CELU(), "mish": lambda n: n.Mish(), "relu6": lambda n: n.ReLU6(), "softplus": lambda n: n.Softplus(),
    "softsign": lambda n: n.Softsign(), "softmax": lambda n: n.Softmax(-1), "log_softmax": lambda n: n.LogSoftmax(-1),
    "log_sigmoid": lambda n: n.LogSigmoid(), "hard_sigmoid": lambda n: n.Hardsigmoid(), "hard_swish": lambda n: n.Hardswish(),
    "hard_tanh": lambda n: n.Hardtanh(), "leaky_relu": lambda n: n.LeakyReLU(0.2), "tanhshrink": lambda n: n.Tanhshrink(),
    "glu": lambda n: n.GLU(-1), "exp": lambda n: modules().Method("exp"), "hard_shrink": lambda n: n.Hardshrink(),
    "soft_shrink": lambda n: n.Softshrink(),
}  # fmt: skip


def made_of(torch: Any, layer: Any, name: str) -> Any:
    """The PyTorch module for a layer in Keras's words.

    Errors: ExchangeError with the layer's name and the other ways, where there is none.
    """
    kind = type(layer).__name__
    try:
        if kind == "Masking" or getattr(layer, "mask_zero", False):
            raise NotImplementedError("masks travel beside the data, which PyTorch's layers do not have")
        if kind not in MAKERS:
            raise NotImplementedError("it has no counterpart")
        core = MAKERS[kind](torch, layer)
        if kind in RECURRENT or not hasattr(layer, "activation"):
            return core
        act = activation(torch, layer.activation)
        return core if isinstance(act, torch.nn.Identity) else torch.nn.Sequential(core, act)
    except NotImplementedError as error:
        raise ExchangeError(
            f"to_torch: {layer!r} at {name!r} cannot be made in PyTorch: {error}. Write the network as a torch.nn.Module and "
            "give it: to_torch(model, net) puts the weights in. Or take it out as it is: export_onnx(model, ...)."
        ) from error


def activation(torch: Any, function: Any) -> Any:
    """A module for an activation.

    Errors: NotImplementedError for a function of one's own.
    """
    known = getattr(function, "__module__", "").startswith(f"{__package__.rpartition('.')[0]}.")
    if not known or function.__name__ not in ACTIVATIONS:
        raise NotImplementedError(f"its activation is {getattr(function, '__name__', function)!r}")
    return ACTIVATIONS[function.__name__](torch.nn)


def modules() -> Any:
    """Modules of ours, which need torch."""
    return importlib.import_module(f"{__package__}._torch_modules")


def maker(*names: str, ranks: tuple[int, ...] = ()) -> Callable[[Make], Make]:
    """Register how layers are made. ranks : how many axes there are besides the channels; then "Conv{}" stands for Conv1D, ..."""

    def register(make: Make) -> Make:
        MAKERS.update({name.format(f"{n}D"): make for name in names for n in ranks or (0,)})
        return make

    return register


def around(torch: Any, layer: Any, core: Any) -> Any:
    """A module of images, with channels last around it."""
    return modules().ChannelsOn(core) if layer.channels_last else core


def each(value: Any, rank: int) -> tuple[int, ...]:
    """One number for each axis."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank


MAKERS["Dense"] = lambda torch, layer: torch.nn.Linear(*layer.kernel.shape, layer.bias is not None)
MAKERS["Activation"] = MAKERS["Identity"] = lambda torch, layer: torch.nn.Identity()
MAKERS["Embedding"] = lambda torch, layer: torch.nn.Embedding(layer.input_dim, layer.output_dim)
MAKERS["Dropout"] = lambda torch, layer: torch.nn.Dropout(layer.rate)
MAKERS["Reshape"] = lambda torch, layer: modules().Reshape([-1 if n is None else n for n in layer.target_shape])
MAKERS["Permute"] = lambda torch, layer: modules().Method("permute", (0, *layer.dims))
MAKERS["RepeatVector"] = lambda torch, layer: torch.nn.Sequential(
    torch.nn.Unflatten(1, (1, -1)), modules().Method("repeat", 1, layer.n, 1)
)
MAKERS["UpSampling1D"] = lambda torch, layer: modules().Method("repeat_interleave", layer.size, 1)
MAKERS["LeakyReLU"] = lambda torch, layer: torch.nn.LeakyReLU(layer.negative_slope)
MAKERS["ELU"] = lambda torch, layer: torch.nn.ELU(layer.alpha)
MAKERS["PReLU"] = lambda torch, layer: modules().PReLU(layer.alpha.shape)
MAKERS["Rescaling"] = lambda torch, layer: modules().Affine(layer.scale, layer.offset)


@maker("Flatten")
def _flatten(torch: Any, layer: Any) -> Any:
    return (
        torch.nn.Flatten()
        if layer.channels_last
        else torch.nn.Sequential(modules().Method("movedim", 1, -1), torch.nn.Flatten())
    )


@maker("SpatialDropout{}", ranks=(1, 2, 3))
def _spatial_dropout(torch: Any, layer: Any) -> Any:
    return around(torch, layer, getattr(torch.nn, f"Dropout{layer.rank}d")(layer.rate))


@maker("Softmax")
def _softmax(torch: Any, layer: Any) -> Any:
    if not isinstance(layer.axis, int):
        raise NotImplementedError(f"axis={layer.axis!r} names several")
    return torch.nn.Softmax(layer.axis)


@maker("ReLU")
def _relu(torch: Any, layer: Any) -> Any:
    if layer.threshold and layer.negative_slope:
        raise NotImplementedError("it has a threshold and a slope")
    low = torch.nn.LeakyReLU(layer.negative_slope) if layer.negative_slope else torch.nn.Threshold(layer.threshold, 0.0)
    high = None if layer.max_value is None else torch.nn.Hardtanh(-float("inf"), layer.max_value)
    return low if high is None else torch.nn.Sequential(low, high)


@maker("Conv{}", ranks=(1, 2, 3))
def _conv(torch: Any, layer: Any) -> Any:
    size, stride, dilation = layer.kernel_size, layer.strides, layer.dilation_rate
    channels = (layer.kernel.shape[-2] * layer.groups, layer.filters)
    conv = getattr(torch.nn, f"Conv{layer.rank}d")
    core = conv(*channels, size, stride, 0, dilation, layer.groups, layer.bias is not None)
    return around(torch, layer, padded(torch, layer, core, size, stride, dilation))


@maker("DepthwiseConv{}", ranks=(1, 2))
def _depthwise(torch: Any, layer: Any) -> Any:
    *size, channels, times = layer.kernel.shape
    stride, dilation = each(layer.strides, layer.rank), each(layer.dilation_rate, layer.rank)
    conv = getattr(torch.nn, f"Conv{layer.rank}d")
    core = conv(channels, channels * times, size, stride, 0, dilation, channels, layer.bias is not None)
    return around(torch, layer, padded(torch, layer, core, size, stride, dilation))


@maker("SeparableConv{}", ranks=(1, 2))
def _separable(torch: Any, layer: Any) -> Any:
    *size, channels, times = layer.depthwise_kernel.shape
    stride, dilation = each(layer.strides, layer.rank), each(layer.dilation_rate, layer.rank)
    core = modules().Separable(channels, times, layer.filters, size, stride, dilation, layer.bias is not None)
    return around(torch, layer, padded(torch, layer, core, size, stride, dilation))


def padded(torch: Any, layer: Any, core: Any, size: Any, stride: Any, dilation: Any, value: float = 0.0) -> Any:
    """A module of windows, behind what pads its input as the layer's word says."""
    if layer.padding == "causal":
        return torch.nn.Sequential(torch.nn.ConstantPad1d((dilation[0] * (size[0] - 1), 0), value), core)
    reach = [d * (k - 1) + 1 for k, d in zip(size, dilation)]
    return torch.nn.Sequential(modules().PadSame(reach, stride, value), core) if layer.padding == "same" else core


@maker("Conv{}Transpose", ranks=(1, 2, 3))
def _conv_transpose(torch: Any, layer: Any) -> Any:
    conv = getattr(torch.nn, f"ConvTranspose{layer.rank}d")
    spare = [m[2] for m in layer._margins]
    options = {
        "stride": layer.strides,
        "output_padding": spare,
        "dilation": layer.dilation_rate,
        "bias": layer.bias is not None,
    }
    core = conv(layer.kernel.shape[-1], layer.filters, layer.kernel_size, **options)
    cut = [-n for before, after, _ in reversed(layer._margins) for n in (before, after)]
    pad = getattr(torch.nn, f"ConstantPad{layer.rank}d")
    return around(torch, layer, torch.nn.Sequential(core, pad(cut, 0.0)) if any(cut) else core)


@maker("MaxPooling{}", "AveragePooling{}", ranks=(1, 2, 3))
def _pooling(torch: Any, layer: Any) -> Any:
    largest = type(layer).__name__.startswith("Max")
    core = getattr(torch.nn, f"{'Max' if largest else 'Avg'}Pool{layer.rank}d")(layer.pool_size, layer.strides)
    if layer.padding == "same" and not largest:
        core = modules().AverageOfPresent(core, layer.pool_size, layer.strides)
    else:
        core = padded(torch, layer, core, layer.pool_size, layer.strides, (1,) * layer.rank, -float("inf"))
    return around(torch, layer, core)


@maker("GlobalAveragePooling{}", "GlobalMaxPooling{}", ranks=(1, 2, 3))
def _global_pooling(torch: Any, layer: Any) -> Any:
    places = tuple(range(1, layer.rank + 1) if layer.channels_last else range(2, layer.rank + 2))
    return modules().Method("mean" if "Average" in type(layer).__name__ else "amax", places, layer.keepdims)


@maker("UpSampling{}", ranks=(2, 3))
def _upsampling(torch: Any, layer: Any) -> Any:
    return around(
        torch, layer, torch.nn.Upsample(scale_factor=layer.size, mode=getattr(layer, "interpolation", "nearest"))
    )


@maker("ZeroPadding{}", "Cropping{}", ranks=(1, 2, 3))
def _margin(torch: Any, layer: Any) -> Any:
    sign = 1 if type(layer).__name__.startswith("Zero") else -1
    widths = [sign * n for pair in reversed(layer._margin) for n in pair]  # the last axis first
    return modules().Pad(widths)


@maker("BatchNormalization")
def _batch_norm(torch: Any, layer: Any) -> Any:
    affine = layer.gamma is not None or layer.beta is not None
    return modules().BatchNorm(layer.axis, layer.moving_mean.shape[0], layer.epsilon, 1 - layer.momentum, affine)


def last_axes(layer: Any) -> list[int]:
    """The lengths of the axes that a layer normalises over.

    Errors: NotImplementedError unless they are the last.
    """
    shape = layer.input_shape
    if layer._axes != tuple(range(len(shape) - len(layer._axes), len(shape))):
        raise NotImplementedError(f"axis={layer.axis!r}; PyTorch normalises over the last axes")
    return [shape[a] for a in layer._axes]


MAKERS["RMSNormalization"] = lambda torch, layer: torch.nn.RMSNorm(last_axes(layer), layer.epsilon)


@maker("LayerNormalization")
def _layer_norm(torch: Any, layer: Any) -> Any:
    affine = layer.gamma is not None or layer.beta is not None
    return torch.nn.LayerNorm(last_axes(layer), layer.epsilon, affine)


@maker("GroupNormalization")
def _group_norm(torch: Any, layer: Any) -> Any:
    affine = layer.gamma is not None or layer.beta is not None
    core = torch.nn.GroupNorm(layer._groups, layer.input_shape[layer.axis], layer.epsilon, affine)
    return modules().ChannelsOn(core, layer.axis)


RECURRENT = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}


@maker(*RECURRENT)
def _recurrent(torch: Any, layer: Any) -> Any:
    name = type(layer).__name__
    act, gate = layer.activation.__name__, getattr(layer, "recurrent_activation", None)
    if act not in (("tanh", "relu") if name == "SimpleRNN" else ("tanh",)):
        raise NotImplementedError(f"activation={act!r}")
    if gate is not None and gate.__name__ != "sigmoid":
        raise NotImplementedError(f"recurrent_activation={gate.__name__!r}")
    for option, needed in (
        ("return_state", False),
        ("stateful", False),
        ("reset_after", True),
        ("recurrent_dropout", 0),
    ):
        if getattr(layer, option, needed) != needed:
            raise NotImplementedError(f"{option}={getattr(layer, option)!r}")
    extra = {"nonlinearity": act} if name == "SimpleRNN" else {}
    core = getattr(torch.nn, RECURRENT[name])(
        layer.kernel.shape[0], layer.units, bias=layer.bias is not None, batch_first=True, **extra
    )
    made = modules().Outputs(core, layer.return_sequences, layer.go_backwards)
    return torch.nn.Sequential(modules().StepDropout(layer.dropout), made) if layer.dropout else made


@maker("Bidirectional")
def _bidirectional(torch: Any, layer: Any) -> Any:
    pair = [made_of(torch, one, one.name) for one in (layer.forward_layer, layer.backward_layer)]
    return modules().BothWays(*pair, layer.merge_mode, layer.return_sequences)


@maker("TimeDistributed")
def _time_distributed(torch: Any, layer: Any) -> Any:
    return modules().EachStep(made_of(torch, layer.layer, layer.layer.name))


@maker("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
def _merge(torch: Any, layer: Any) -> Any:
    return modules().Merge(type(layer).__name__, getattr(layer, "axis", -1))
