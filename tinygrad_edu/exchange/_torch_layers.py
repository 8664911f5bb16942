"""Our layers and PyTorch's: which is which, what their options are called, how their weights lie.

Linear weights are (in, out) here and (out, in) there; convolutions, embeddings and norms agree. The gates of the LSTM come
in the same order; those of the GRU are z, r, n here and r, z, n there. PyTorch keeps two biases for each recurrent layer where
one would do. Its momentum of batch norm is 1 minus ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .. import nn
from ..engine import Array
from ._parts import Layout, State

__all__ = ["KINDS", "Kind", "Option", "kind_of", "layout_of"]


class Option(NamedTuple):
    """An option of a layer: its name here and there, its value there for one here, and back."""

    ours: str
    theirs: str
    to: Callable[[Any], Any] = lambda value: value
    back: Callable[[Any], Any] = lambda value: value


class Kind(NamedTuple):
    """A layer that both have.

    theirs : the name of its class in torch.nn.          options : in the order of our constructor.
    fixed : options of theirs that we do not have, with the value that they must have.
    """

    theirs: str
    options: tuple[Option, ...] = ()
    layout: Layout = Layout(dict, lambda theirs, own: theirs)
    fixed: Mapping[str, Any] = {}


def same(*names: str) -> tuple[Option, ...]:
    """Options that both call by one name."""
    return tuple(Option(name, name) for name in names)


def there(value: Any) -> bool:
    """Whether there is a bias: what is kept as ``bias`` is the array itself, a dict of arrays, a bool, or None."""
    return there(value["out"]) if isinstance(value, dict) else value is not None and value is not False


def whole_numbers(factor: Any) -> Any:
    """A factor, or one for each axis, that PyTorch keeps as floats."""
    if isinstance(factor, tuple):
        return tuple(map(whole_numbers, factor))
    if factor != int(factor):
        raise NotImplementedError("which is no whole number")
    return int(factor)


def one_minus(momentum: float | None) -> float:
    """The momentum of batch norm, there and here."""
    if momentum is None:
        raise NotImplementedError("which averages all batches; a number is needed")
    return 1 - momentum


def epsilon(value: float | None) -> float:
    """What a norm adds; None stands for the distance from 1 to the next float32."""
    return 2.0**-23 if value is None else value


def axis(value: int | None) -> int:
    """An axis, which PyTorch may guess."""
    if value is None:
        raise NotImplementedError("which guesses the axis; a number is needed")
    return value


BIAS = Option("bias", "bias", there, there)
EPSILON = Option("epsilon", "eps", back=epsilon)

# -- weights -----------------------------------------------------------------------------------------------------------


def turned(state: State) -> State:
    """Matrices transposed."""
    return {name: a.T if a.ndim == 2 else a for name, a in state.items()}


LINEAR = Layout(turned, lambda theirs, own: turned(theirs))
NORM = Layout(
    lambda own: {n.replace("variance", "var"): a for n, a in own.items()} | {"num_batches_tracked": np.array(0)},
    lambda theirs, own: {n.replace("var", "variance"): a for n, a in theirs.items() if n != "num_batches_tracked"},
)


def recurrent(order: tuple[int, ...]) -> Layout:
    """Of a recurrent layer. order : where each of their gates is among ours."""
    inverse = tuple(order.index(i) for i in range(len(order)))

    def reordered(a: Array, gates: tuple[int, ...]) -> Array:
        """The blocks of the last axis in another order."""
        blocks = np.split(a, len(gates), axis=-1)
        return np.concatenate([blocks[i] for i in gates], axis=-1)

    def to(own: State) -> State:
        out = {
            "weight_ih_l0": reordered(own["weight"], order).T,
            "weight_hh_l0": reordered(own["recurrent_weight"], order).T,
        }
        if "bias" in own:
            bias = reordered(own["bias"], order)
            first, second = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
            out |= {"bias_ih_l0": first, "bias_hh_l0": second}
        return out

    def back(theirs: State, own: State) -> State:
        out = {
            "weight": reordered(theirs["weight_ih_l0"].T, inverse),
            "recurrent_weight": reordered(theirs["weight_hh_l0"].T, inverse),
        }
        if "bias_ih_l0" in theirs:
            two = np.stack([theirs["bias_ih_l0"], theirs["bias_hh_l0"]])
            two_rows = "bias" in own and own["bias"].ndim == 2
            out["bias"] = reordered(two if two_rows else two.sum(axis=0), inverse)
        return out

    return Layout(to, back)


INPUTS = ("query", "key", "value")


def attention_to(own: State) -> State:
    """Attention's three projections in one matrix, where they have one width."""
    weights = {name: own[f"weight.{name}"].T for name in (*INPUTS, "out")}
    out = {"out_proj.weight": weights.pop("out")}
    if len({w.shape for w in weights.values()}) == 1:
        out["in_proj_weight"] = np.concatenate(list(weights.values()))
    else:
        out |= {f"{name[0]}_proj_weight": w for name, w in weights.items()}
    if "bias.out" in own:
        out["in_proj_bias"] = np.concatenate([own[f"bias.{name}"] for name in INPUTS])
        out["out_proj.bias"] = own["bias.out"]
    return out


def attention_back(theirs: State, own: State) -> State:
    """Attention's projections, one by one."""
    if "in_proj_weight" in theirs:
        weights = np.split(theirs["in_proj_weight"], 3)
    else:
        weights = [theirs[f"{name[0]}_proj_weight"] for name in INPUTS]
    out = {f"weight.{name}": w.T for name, w in zip(INPUTS, weights)} | {"weight.out": theirs["out_proj.weight"].T}
    if "in_proj_bias" in theirs:
        out |= {f"bias.{name}": b for name, b in zip(INPUTS, np.split(theirs["in_proj_bias"], 3))}
        out["bias.out"] = theirs["out_proj.bias"]
    return out


# -- layers ------------------------------------------------------------------------------------------------------------

CONV = same("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups")
PLAIN_CONV = {"padding_mode": "zeros"}
BATCH: tuple[Option, ...] = (Option("num_features", "num_features"), EPSILON, Option("affine", "affine"))
BATCH += (Option("momentum", "momentum", one_minus, one_minus),)
TRACKED = {"track_running_stats": True}
SHAPE = Option("normalized_shape", "normalized_shape")
AFFINE = Option("affine", "elementwise_affine")
PLAIN_MAX = {"dilation": 1, "ceil_mode": False, "return_indices": False}
PLAIN_AVG = {"ceil_mode": False, "divisor_override": None}
POOL = same("kernel_size", "stride", "padding")
ALONE = {"num_layers": 1, "bidirectional": False, "batch_first": True, "dropout": 0}
CELL = (*same("input_size", "hidden_size"), BIAS)
ATTENTION = (*same("embed_dim", "num_heads", "kdim", "vdim", "dropout"), BIAS)
ENLARGED = Option("scale_factor", "scale_factor", back=whole_numbers)
SLOPE = Option("slope", "negative_slope")
AXIS = Option("axis", "dim", back=axis)

KINDS: dict[type[nn.Module], Kind] = {
    nn.Linear: Kind("Linear", (*same("in_features", "out_features"), BIAS), LINEAR),
    nn.Flatten: Kind("Flatten", fixed={"start_dim": 1, "end_dim": -1}),
    nn.Conv1d: Kind("Conv1d", (*CONV, BIAS), fixed=PLAIN_CONV),
    nn.Conv2d: Kind("Conv2d", (*CONV, BIAS), fixed=PLAIN_CONV),
    nn.Conv3d: Kind("Conv3d", (*CONV, BIAS), fixed=PLAIN_CONV),
    nn.ConvTranspose1d: Kind("ConvTranspose1d", (*CONV, *same("output_padding"), BIAS), fixed=PLAIN_CONV),
    nn.ConvTranspose2d: Kind("ConvTranspose2d", (*CONV, *same("output_padding"), BIAS), fixed=PLAIN_CONV),
    nn.ConvTranspose3d: Kind("ConvTranspose3d", (*CONV, *same("output_padding"), BIAS), fixed=PLAIN_CONV),
    nn.BatchNorm1d: Kind("BatchNorm1d", BATCH, NORM, TRACKED),
    nn.BatchNorm2d: Kind("BatchNorm2d", BATCH, NORM, TRACKED),
    nn.BatchNorm3d: Kind("BatchNorm3d", BATCH, NORM, TRACKED),
    nn.LayerNorm: Kind("LayerNorm", (SHAPE, EPSILON, AFFINE)),
    nn.RMSNorm: Kind("RMSNorm", (SHAPE, EPSILON, AFFINE)),
    nn.GroupNorm: Kind("GroupNorm", (*same("num_groups", "num_channels", "affine"), EPSILON)),
    nn.Embedding: Kind(
        "Embedding", same("num_embeddings", "embedding_dim"), fixed={"padding_idx": None, "max_norm": None}
    ),
    nn.RNN: Kind("RNN", CELL, recurrent((0,)), ALONE | {"nonlinearity": "tanh"}),
    nn.LSTM: Kind("LSTM", CELL, recurrent((0, 1, 2, 3)), ALONE | {"proj_size": 0}),
    nn.GRU: Kind("GRU", CELL, recurrent((1, 0, 2)), ALONE),
    nn.MultiheadAttention: Kind(
        "MultiheadAttention", ATTENTION, Layout(attention_to, attention_back), {"batch_first": True, "add_zero_attn": False}
    ),
    nn.Dropout: Kind("Dropout", (Option("rate", "p"),)),
    nn.MaxPool1d: Kind("MaxPool1d", POOL, fixed=PLAIN_MAX),
    nn.MaxPool2d: Kind("MaxPool2d", POOL, fixed=PLAIN_MAX),
    nn.MaxPool3d: Kind("MaxPool3d", POOL, fixed=PLAIN_MAX),
    nn.AvgPool1d: Kind("AvgPool1d", (*POOL, *same("count_include_pad")), fixed={"ceil_mode": False}),
    nn.AvgPool2d: Kind("AvgPool2d", (*POOL, *same("count_include_pad")), fixed=PLAIN_AVG),
    nn.AvgPool3d: Kind("AvgPool3d", (*POOL, *same("count_include_pad")), fixed=PLAIN_AVG),
    nn.AdaptiveAvgPool2d: Kind("AdaptiveAvgPool2d", same("output_size")),
    nn.AdaptiveMaxPool2d: Kind("AdaptiveMaxPool2d", same("output_size"), fixed={"return_indices": False}),
    nn.Upsample: Kind("Upsample", (ENLARGED, *same("mode")), fixed={"size": None, "align_corners": None}),
    nn.PReLU: Kind("PReLU", same("num_parameters")),
    nn.LeakyReLU: Kind("LeakyReLU", (SLOPE,)),
    nn.ELU: Kind("ELU", same("alpha")),
    nn.CELU: Kind("CELU", same("alpha")),
    nn.GELU: Kind("GELU", same("approximate")),
    nn.GLU: Kind("GLU", (AXIS,)),
    nn.Hardtanh: Kind("Hardtanh", (Option("low", "min_val"), Option("high", "max_val"))),
    nn.Softmax: Kind("Softmax", (AXIS,)),
    nn.LogSoftmax: Kind("LogSoftmax", (AXIS,)),
    nn.Softplus: Kind("Softplus", fixed={"beta": 1, "threshold": 20}),
    **{
        getattr(nn, name): Kind(name)
        for name in ("Hardsigmoid", "Hardswish", "Identity", "LogSigmoid", "Mish", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid",
                     "Softsign", "Tanh")
    },
}  # fmt: skip


def kind_of(layer: nn.Module) -> Kind | None:
    """What a layer is, or the class that it is derived from."""
    return next((KINDS[c] for c in type(layer).__mro__ if c in KINDS), None)


def layout_of(layer: nn.Module) -> Layout:
    """How its weights lie there. Parameters of modules of one's own go over as they are, batch norm's of every rank as such."""
    kind = kind_of(layer)
    if kind is None and isinstance(layer, nn.BatchNorm):
        return NORM
    return Layout(dict, lambda theirs, own: theirs) if kind is None else kind.layout
