"""How the weights of layers in Keras's words lie in PyTorch. The layers are known by the names of their classes, as their room
lies above.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..engine import Array
from ..nn import Module
from ._parts import Layout, State
from ._torch_layers import LINEAR, NORM, recurrent

__all__ = ["LAYOUTS", "in_keras_s_words"]


def in_keras_s_words(layer: Module) -> bool:
    """Whether a layer is one of the keras room's, and not a class of the user's."""
    return type(layer).__module__.startswith(f"{__package__.rpartition('.')[0]}.keras.")


def renamed(layout: Layout, names: Mapping[str, str]) -> Layout:
    """A layout for arrays that are called otherwise here. names : here -> what the layout calls them."""
    back = {name: here for here, name in names.items()}

    def known(own: State) -> State:
        return {names.get(n, n): a for n, a in own.items()}

    return Layout(
        lambda own: layout.to(known(own)),
        lambda theirs, own: {back.get(n, n): a for n, a in layout.back(theirs, known(own)).items()},
    )


def both(layout: Layout) -> Layout:
    """A norm's that may have a weight or a bias alone, where PyTorch has both: the other one is 1, or 0."""
    neutral = {"weight": np.ones_like, "bias": np.zeros_like}

    def to(own: State) -> State:
        there = [own[n] for n in neutral if n in own]
        return layout.to({n: f(there[0]) for n, f in neutral.items() if there} | own)

    def back(theirs: State, own: State) -> State:
        found = layout.back(theirs, own)
        spare = [n for n, f in neutral.items() if n in found and n not in own and (found[n] == f(found[n])).all()]
        return {n: a for n, a in found.items() if n not in spare}

    return Layout(to, back)


def by_kernel(to: Callable[[Array], Array], back: Callable[[Array, Array], Array]) -> Layout:
    """A kernel that is turned, and a bias. back : (theirs, ours as it is now) -> ours."""
    return Layout(
        lambda own: {n: to(a) if n == "weight" else a for n, a in own.items()},
        lambda theirs, own: {n: back(a, own["weight"]) if n == "weight" else a for n, a in theirs.items()},
    )


def first(kernel: Array) -> Array:
    """(*size, a, b) -> (b, a, *size)."""
    return kernel.transpose(kernel.ndim - 1, kernel.ndim - 2, *range(kernel.ndim - 2))


def last(kernel: Array) -> Array:
    """(b, a, *size) -> (*size, a, b)."""
    return kernel.transpose(*range(2, kernel.ndim), 1, 0)


def spread(kernel: Array) -> Array:
    """Of a depthwise convolution: (*size, in, m) -> (in * m, 1, *size)."""
    out = np.moveaxis(kernel, (-2, -1), (0, 1))
    return out.reshape(-1, 1, *out.shape[2:])


def gathered(kernel: Array, like: Array) -> Array:
    """(in * m, 1, *size) -> (*size, in, m)."""
    return np.moveaxis(kernel.reshape(*like.shape[-2:], *kernel.shape[2:]), (0, 1), (-2, -1))


KERNEL = {"kernel": "weight"}
AFFINE = {"gamma": "weight", "beta": "bias"}
MOVING = {"moving_mean": "running_mean", "moving_variance": "running_variance"}
CELL = {"kernel": "weight", "recurrent_kernel": "recurrent_weight"}
AS_IT_IS = Layout(dict, lambda theirs, own: theirs)
CONV = renamed(by_kernel(first, lambda a, own: last(a)), KERNEL)
SEPARABLE = Layout(
    lambda own: own | {"depthwise_kernel": spread(own["depthwise_kernel"]), "pointwise_kernel": first(own["pointwise_kernel"])},
    lambda theirs, own: theirs | {
        "depthwise_kernel": gathered(theirs["depthwise_kernel"], own["depthwise_kernel"]),
        "pointwise_kernel": last(theirs["pointwise_kernel"]),
    },
)  # fmt: skip
LAYOUTS: dict[str, Layout] = {
    "Dense": renamed(LINEAR, KERNEL),
    "Embedding": renamed(AS_IT_IS, {"embeddings": "weight"}),
    **dict.fromkeys((f"Conv{n}D{word}" for n in (1, 2, 3) for word in ("", "Transpose")), CONV),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), renamed(by_kernel(spread, gathered), KERNEL)),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), SEPARABLE),

    "BatchNormalization": renamed(both(NORM), AFFINE | MOVING),
    "LayerNormalization": renamed(both(AS_IT_IS), AFFINE),
    "GroupNormalization": renamed(both(AS_IT_IS), AFFINE),
    "RMSNormalization": renamed(AS_IT_IS, {"scale": "weight"}),
    "PReLU": AS_IT_IS,
    "SimpleRNN": renamed(recurrent((0,)), CELL),
    "LSTM": renamed(recurrent((0, 1, 2, 3)), CELL),
    "GRU": renamed(recurrent((1, 0, 2)), CELL),
}  # fmt: skip
