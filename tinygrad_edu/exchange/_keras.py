"""Weights to Keras and back. The layers of ``tinygrad_edu.keras`` keep theirs as Keras does; those of ``nn`` as PyTorch lays them.

Kernels of convolutions are (out, in, *size) here and (*size, in, out) there. A Flatten of images (C, H, W) puts their pixels
in another order than Keras's of (H, W, C); what works on these features, up to the next Linear, is put into that order. Sequences
(T, F), which a recurrent layer, an Embedding or a Linear gives, have one order on both sides.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np

from .. import nn
from ..engine import Array
from ..engine.errors import CheckpointError, NotReadyError
from ._parts import ExchangeWarning, Part, State, check_epsilon, paired, parts

__all__ = ["from_keras", "to_keras"]

Net = TypeVar("Net")
M = TypeVar("M", bound=nn.Module)

ORDER = ("weight", "recurrent_weight", "bias", "running_mean", "running_variance")  # in which Keras lists a layer's


class Place(NamedTuple):
    """What a layer works on.

    order : of features that were images: where each of theirs is among ours; None where both have one order.
    places : of images, how many axes there are beside the channels; 0 for all else.
    """

    order: Array | None
    places: int


class Weight(NamedTuple):
    """One array: its name in our layer, and what makes theirs of ours and back."""

    name: str
    to: Callable[[Array], Array] = lambda a: a
    back: Callable[[Array], Array] = lambda a: a


@overload
def to_keras(model: nn.Module) -> list[Array]: ...
@overload
def to_keras(model: nn.Module, net: Net) -> Net: ...
def to_keras(model: nn.Module, net: Any = None) -> Any:
    """The weights of a model as Keras lays them, a list for ``set_weights``; or put into a Keras model, which is returned.

    net : a Keras model with the same layers, matched by name, or in order if names differ; None for the list, which is for
        images with channels last.
    Errors: CheckpointError with both sides' shapes if they do not fit; nothing is then changed. NotReadyError for a model with
    a Flatten that was not called yet: it must know the shape of the images.
    """
    own = [p for p in parts(model, whole) if len(p.tied) < len(p.own)]
    found = {} if net is not None and channels_first(net) else places(model)
    arrays = {p.name: [w.to(p.own[w.name]) for w in weights(p, found.get(p.name))] for p in own}
    if net is None:
        return [np.array(a) for each in arrays.values() for a in each]
    layers = {layer.name: layer for layer in leaves(net)}
    pairs = paired(list(arrays), list(layers), "the Keras model")
    compare([(a, [x.shape for x in arrays[a]], b, [tuple(w.shape) for w in layers[b].weights]) for a, b in pairs])
    for here, there in pairs:
        layers[there].set_weights([np.array(a) for a in arrays[here]])
    warn_of_epsilons(own, [layers[there] for _, there in pairs])
    return net


def from_keras(net: Any, model: M) -> M:
    """The weights of a Keras model, put into a model of the same layers, which is returned.

    net : a Keras model, or the list that its ``get_weights()`` gives.
    Errors: as ``to_keras``.
    """
    listed = isinstance(net, (list, tuple))
    if not listed and not hasattr(net, "layers"):
        raise TypeError(
            f"from_keras(net, model): a Keras model or its list of weights, not {net!r}. A file is loaded by Keras."
        )
    own = [p for p in parts(model, whole) if len(p.tied) < len(p.own)]
    found = {} if not listed and channels_first(net) else places(model)
    kept = {p.name: weights(p, found.get(p.name)) for p in own}
    if listed:
        given = cut([np.asarray(a) for a in net], {name: len(each) for name, each in kept.items()})
        pairs = [(name, name) for name in kept]
    else:
        given = {layer.name: layer.get_weights() for layer in leaves(net)}
        pairs = paired(list(kept), list(given), "the Keras model")
    now = {p.name: p.own for p in own}
    compare([(a, [w.to(now[a][w.name]).shape for w in kept[a]], b, [x.shape for x in given[b]]) for a, b in pairs])
    state: State = {}
    for here, there in pairs:
        for weight, array in zip(kept[here], given[there]):
            name = f"{here}.{weight.name}" if here else weight.name
            state[name] = weight.back(np.asarray(array)).astype(now[here][weight.name].dtype)
    model.load_state_dict(state)
    if not listed:
        layers = {layer.name: layer for layer in leaves(net)}
        warn_of_epsilons(own, [layers[there] for _, there in pairs])
    return model


# -- layouts -----------------------------------------------------------------------------------------------------------


def whole(layer: nn.Module) -> bool:
    """Whether a layer's weights go over together: attention's, and those of every layer in Keras's words."""
    return isinstance(layer, nn.MultiheadAttention) or hasattr(layer, "add_weight")


def weights(part: Part, place: Place | None) -> list[Weight]:
    """The weights of a layer in Keras's order."""
    layer: Any = part.layer
    names = [n for n in part.own if n not in part.tied]
    names.sort(key=lambda n: ORDER.index(n) if n in ORDER else len(ORDER))
    if hasattr(layer, "add_weight"):
        by_id = {id(p): name for name, p in layer.named_variables()}
        return [Weight(by_id[id(p)]) for p in layer.weights if by_id[id(p)] in names]
    if isinstance(layer, nn.convolution.Convolution):
        return [Weight("weight", turned, turned_back), *(Weight(n) for n in names if n != "weight")]
    if isinstance(layer, nn.MultiheadAttention):
        return attention(layer, names)
    if place is None:
        return [Weight(n) for n in names]
    both: dict[str, Any] = {}
    if isinstance(layer, nn.PReLU) and place.places:
        both = {"to": lambda a: a.reshape(*(1,) * place.places, -1), "back": lambda a: a.reshape(-1)}
    elif place.places and len(getattr(layer, "normalized_shape", ())) == place.places + 1:
        both = {"to": lambda a: np.moveaxis(a, 0, -1), "back": lambda a: np.moveaxis(a, -1, 0)}
    elif place.order is not None and not (isinstance(layer, nn.PReLU) and layer.weight.size == 1):
        order, inverse = place.order, np.argsort(place.order)
        both = {"to": lambda a: a[order], "back": lambda a: a[inverse]}
    one = "weight" if isinstance(layer, nn.Linear) else None  # a Linear's bias belongs to what comes out
    return [Weight(n, **both) if one in (None, n) else Weight(n) for n in names]


def turned(kernel: Array) -> Array:
    """(a, b, *size) -> (*size, b, a)."""
    return kernel.transpose(*range(2, kernel.ndim), 1, 0)


def turned_back(kernel: Array) -> Array:
    """(*size, b, a) -> (a, b, *size)."""
    return kernel.transpose(kernel.ndim - 1, kernel.ndim - 2, *range(kernel.ndim - 2))


def attention(layer: nn.MultiheadAttention, names: list[str]) -> list[Weight]:
    """Each projection's kernel and bias, with an axis for the heads."""
    heads, width = layer.num_heads, layer.embed_dim // layer.num_heads
    found = []
    for name in ("query", "key", "value", "out"):
        split: dict[str, Callable[[Array], Array]] = (
            {"to": lambda a: a.reshape(heads, width, -1), "back": lambda a: a.reshape(heads * width, -1)}
            if name == "out"
            else {"to": lambda a: a.reshape(-1, heads, width), "back": lambda a: a.reshape(-1, heads * width)}
        )
        found.append(Weight(f"weight.{name}", **split))
        if f"bias.{name}" in names:
            rows: dict[str, Any] = {"to": lambda a: a.reshape(heads, width), "back": lambda a: a.reshape(-1)}
            found.append(Weight(f"bias.{name}", **({} if name == "out" else rows)))
    return found


IMAGES = (nn.convolution.Convolution, nn.pooling.Pooling, nn.ZeroPad1d, nn.ZeroPad2d, nn.BatchNorm2d, nn.BatchNorm3d)
SEQUENCES = (nn.Embedding, nn.recurrent.Recurrent, nn.MultiheadAttention)
FOLLOWING = (nn.Linear, nn.BatchNorm, nn.LayerNorm, nn.RMSNorm, nn.PReLU)  # whose weights follow what they work on


def places(model: nn.Module) -> dict[str, Place]:
    """Which layers work on images, or on the pixels of flattened ones."""
    found: dict[str, Place] = {}
    now, known = Place(None, 0), False  # whether a layer has said what it is
    for name, module in model.named_modules():
        if isinstance(module, nn.Flatten):
            now, known = flattened(module, now, known), True
        elif isinstance(module, IMAGES):
            names = [c.__name__ for c in type(module).__mro__]
            now, known = Place(None, next(int(n[-2]) for n in names if n[-2].isdigit())), True  # Conv2d: 2
        elif isinstance(module, SEQUENCES) or getattr(module, "keepdims", True) is False:
            now, known = Place(None, 0), True
        elif isinstance(module, FOLLOWING):
            found[name] = now
            if isinstance(module, nn.Linear):
                now, known = Place(None, 0), True
    return found


def flattened(layer: nn.Flatten, before: Place, known: bool) -> Place:
    """What a Flatten makes of what came before.

    Errors: NotReadyError for images of a shape that is not known yet.
    """
    if layer.input_shape is None and before.places:
        raise NotReadyError(
            "The model has flattened no image yet, so the order of its features is not known. Call it once."
        )
    shape = (layer.input_shape or ())[1:]
    if len(shape) == 1:
        return before if before.order is not None else Place(None, 0)
    if not (before.places or (not known and len(shape) > 2)):
        return Place(None, 0)
    return Place(np.moveaxis(np.arange(math.prod(shape)).reshape(shape), 0, -1).ravel(), 0)


# -- the other side ----------------------------------------------------------------------------------------------------


def leaves(net: Any) -> Iterator[Any]:
    """The layers of a Keras model that have weights, those of models inside it included."""
    for layer in net.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        elif layer.weights:
            yield layer


def channels_first(net: Any) -> bool:
    """Whether a Keras model has images (N, C, H, W)."""
    return any(getattr(layer, "data_format", None) == "channels_first" for layer in leaves(net))


def cut(arrays: list[Array], counts: dict[str, int]) -> dict[str, list[Array]]:
    """A list of arrays as the layers' lists."""
    if len(arrays) != sum(counts.values()):
        raise CheckpointError(
            f"The model has {sum(counts.values())} weights, the list has {len(arrays)}: {[a.shape for a in arrays]}."
        )
    rest = iter(arrays)
    return {name: [next(rest) for _ in range(n)] for name, n in counts.items()}


def compare(rows: Sequence[tuple[str, list[Any], str, list[Any]]]) -> None:
    """Refuse layers whose weights have other shapes, with both lists and the first difference."""
    wrong = [row for row in rows if row[1] != row[3]]
    if wrong:
        name, ours, other, theirs = wrong[0]
        lines = [f"{a} {b}    {c} {d}" for a, b, c, d in rows]
        raise CheckpointError(
            f"Layer {name!r} has weights of shapes {ours} as Keras lays them, {other!r} has {theirs}. Nothing was changed.\n  "
            + "\n  ".join(["here    there", *lines])
        )


def warn_of_epsilons(own: list[Part], layers: list[Any]) -> None:
    """Say where norms add another epsilon."""
    for part, other in zip(own, layers):
        difference = check_epsilon(part.name, vars(part.layer), other)
        if difference:
            warnings.warn(difference, ExchangeWarning, stacklevel=3)
