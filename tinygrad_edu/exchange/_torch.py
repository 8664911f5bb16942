"""To PyTorch and back: the weights of any model, and whole models that are sequences of known layers.

What differs stands in ``_torch_layers.py``, a line for each layer.
"""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Mapping
from typing import Any, TypeVar, overload

import numpy as np

from .. import nn
from ..engine import Array, Tensor, raw
from ..engine.device import host
from ..engine.errors import ExchangeError
from ..nn.symbolic import OPERATIONS, Operation, transform
from ..optim.state import fitting
from ._parts import ExchangeWarning, Layout, Part, State, check_epsilon, imported, paired, parts
from ._torch_keras import activation, made_of
from ._torch_keras_weights import LAYOUTS, in_keras_s_words
from ._torch_layers import KINDS, Kind, Option, layout_of

__all__ = ["from_torch", "to_torch", "torch_state"]

Net = TypeVar("Net")
M = TypeVar("M", bound=nn.Module)
BY_NAME = {kind.theirs: (layer, kind) for layer, kind in KINDS.items()}
READ = {  # options of ours that a layer does not keep under their name
    "num_features": lambda layer: layer.running_mean.size,
    "num_parameters": lambda layer: layer.weight.size,
    "kdim": lambda layer: layer.weight["key"].shape[0],
    "vdim": lambda layer: layer.weight["value"].shape[0],
    "dropout": lambda layer: layer.drop.rate,
}  # fmt: skip


def torch_state(model: nn.Module) -> State:
    """The weights of a model in PyTorch's layout and under PyTorch's names, as plain arrays; torch is not needed.

    ``tg.save(torch_state(model), "net.safetensors")`` writes a file for ``net.load_state_dict(safetensors.torch.load_file(...))``,
    where net is the same network with the same names of layers.
    """
    return {f"{p.name}.{n}" if p.name else n: a for p in layers(model) for n, a in laid(p.layer).to(p.own).items()}


@overload
def to_torch(model: nn.Module) -> Any: ...
@overload
def to_torch(model: nn.Module, net: Net) -> Net: ...
def to_torch(model: Any, net: Any = None) -> Any:
    """A PyTorch module that predicts what the model predicts; or its weights, put into a module of yours.

    net : a ``torch.nn.Module`` with the same layers. They are matched by name, or in order if names differ. None: one is made,
        for a ``Sequential`` or a ``Model(inputs, outputs)`` of known layers, and is in evaluation mode; ``net.train()`` to go on
        training it. It takes what the model takes: layers in Keras's words keep their channels last.
    Returns the module, with copies of the weights in PyTorch's layout.
    Errors: MissingExtraError without torch. ExchangeError for a layer that PyTorch does not have: make the module yourself.
    CheckpointError with the differences of both sides if the weights do not fit; nothing is then changed.
    """
    torch = imported("torch", "torch", "to_torch")
    if not isinstance(model, nn.Module) or not isinstance(net, (torch.nn.Module, type(None))):
        raise TypeError(
            f"to_torch(model, net): a model of ours, and a torch.nn.Module or nothing; not {model!r} and {net!r}."
        )
    own = layers(model)
    if net is None:
        net = made(torch, model, "", {}).eval()
        if own:
            net = net.to(getattr(torch, str(next(iter(own[0].own.values())).dtype)))
    now = state_of(net)
    theirs = groups(now)
    state: State = {}
    for here, there in paired([p.name for p in own], list(theirs), "the PyTorch module"):
        part = next(p for p in own if p.name == here)
        state |= {f"{there}.{n}" if there else n: a for n, a in laid(part.layer).to(part.own).items()}
    found = fitting(now, {n: cast(a, now.get(n)) for n, a in state.items()}, "the PyTorch module")
    net.load_state_dict({n: torch.from_numpy(np.array(a)) for n, a in found.items()}, strict=False)  # no second names
    warn_of_epsilons(own, net)
    return net


@overload
def from_torch(net: Any) -> nn.Module: ...
@overload
def from_torch(net: Any, model: M) -> M: ...
def from_torch(net: Any, model: nn.Module | None = None) -> nn.Module:
    """A model that predicts what a PyTorch module predicts; or its weights, put into a model of yours.

    net : a ``torch.nn.Module``, or with a model its ``state_dict()`` (arrays will do, so that a file read by ``tg.load``
        needs no torch).
    model : with the same layers, matched by name, or in order if names differ. None: one is made, for a torch Sequential of
        known layers.
    Returns the model.
    Errors: as ``to_torch``.
    """
    if not (isinstance(net, Mapping) or hasattr(net, "state_dict")) or not isinstance(model, (nn.Module, type(None))):
        raise TypeError(
            f"from_torch(net, model): a torch.nn.Module or its state_dict, and a model of ours; not {net!r} and {model!r}. "
            "A file is read first, with torch.load or, if it is .safetensors, tg.load."
        )
    arrays = {n: as_array(t) for n, t in net.items()} if isinstance(net, Mapping) else state_of(net)
    if model is None:
        if isinstance(net, Mapping):
            raise TypeError(
                "from_torch: a state_dict alone does not say what network it is of. Give a model for it too."
            )
        model = made_here(net, "", {})
        if not isinstance(model, nn.Sequential):
            model = nn.Sequential(model)
        if any(a.dtype == np.float64 for a in arrays.values()):
            model.astype(np.float64)
    own = layers(model)
    theirs = groups(arrays)
    state: dict[str, Any] = {}
    for here, there in paired([p.name for p in own], list(theirs), "the PyTorch module"):
        part = next(p for p in own if p.name == here)
        converted = {n: a for n, a in taken(part, theirs[there]).items() if n not in part.tied}
        state |= {f"{here}.{n}" if here else n: cast(a, part.own.get(n)) for n, a in converted.items()}
    model.load_state_dict(state)
    if not isinstance(net, Mapping):
        warn_of_epsilons(own, net)
    return model


# -- weights -----------------------------------------------------------------------------------------------------------


def layers(model: nn.Module) -> list[Part]:
    """The layers of a model that have weights; attention's go over together.

    Errors: ExchangeError for a layer in Keras's words that PyTorch does not have.
    """
    found = list(parts(model, lambda module: isinstance(module, nn.MultiheadAttention)))
    for part in found:
        if in_keras_s_words(part.layer) and type(part.layer).__name__ not in LAYOUTS:
            raise ExchangeError(
                f"{part.layer!r} keeps its weights as Keras does, and PyTorch has no such layer. to_keras takes it to Keras, "
                "export_onnx to everywhere else."
            )
    return found


def laid(layer: nn.Module) -> Layout:
    """How a layer's weights lie in PyTorch."""
    return LAYOUTS[type(layer).__name__] if in_keras_s_words(layer) else layout_of(layer)


def state_of(net: Any) -> State:
    """The arrays of a PyTorch module, without the second names of layers that it has twice."""
    once = {name for name, _ in net.named_modules()}
    return {n: as_array(t) for n, t in net.state_dict().items() if n.rpartition(".")[0] in once}


def groups(state: Mapping[str, Any]) -> dict[str, State]:
    """The arrays of a state_dict by the layer that they are of. Attention's ``out_proj`` counts as its own."""
    found: dict[str, State] = {}
    for name, value in state.items():
        layer, _, word = name.rpartition(".")
        if layer.rpartition(".")[2] == "out_proj":
            layer, word = layer.rpartition(".")[0], f"out_proj.{word}"
        found.setdefault(layer, {})[word] = value
    return found


def taken(part: Part, theirs: State) -> State:
    """A layer's arrays in our layout. What does not belong to such a layer stays as it is, for a comparison to list it."""
    layout = laid(part.layer)
    try:
        own = layout.back(theirs, part.own)
        return own | {n: theirs[n] for n in set(theirs) - set(layout.to(own))}
    except (KeyError, ValueError):  # other names, other shapes
        return theirs


def as_array(value: Any) -> Array:
    """A torch tensor, or an array, as an array; bfloat16, which numpy does not have, as float32."""
    if not hasattr(value, "detach") or not hasattr(value, "cpu"):
        return np.asarray(value)
    tensor = value.detach().cpu()
    return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()


def cast(value: Array, like: Array | None) -> Array:
    """Floating numbers in the dtype that they go to."""
    both = like is not None and value.dtype.kind == like.dtype.kind == "f"
    return value.astype(like.dtype, copy=False) if both and like is not None else value


def warn_of_epsilons(own: list[Part], net: Any) -> None:
    """Say where norms add another epsilon."""
    norms = [p for p in own if hasattr(p.layer, "epsilon")]
    others = [m for m in net.modules() if hasattr(m, "eps")]
    if len(norms) == len(others):
        for part, other in zip(norms, others):
            difference = check_epsilon(part.name, vars(part.layer), other)
            if difference:
                warnings.warn(difference, ExchangeWarning, stacklevel=3)


# -- whole models ------------------------------------------------------------------------------------------------------


def made(torch: Any, module: nn.Module, name: str, seen: dict[int, Any]) -> Any:
    """The PyTorch module for one of ours; the same one if it comes again.

    seen : those that were made, by the ids of ours.
    """
    if id(module) not in seen:
        seen[id(module)] = made_anew(torch, module, name, seen)
    return seen[id(module)]


def made_anew(torch: Any, module: nn.Module, name: str, seen: dict[int, Any]) -> Any:
    """A PyTorch module for one of ours."""
    own = importlib.import_module(f"{__package__}._torch_modules")
    if in_keras_s_words(module):
        return made_of(torch, module, name)
    if isinstance(module, nn.Model) and module.graph is not None:
        return graph(torch, module.graph, name, seen)
    if isinstance(module, nn.Sequential):
        return torch.nn.Sequential(*(made(torch, m, f"{name}.{i}".strip("."), seen) for i, m in enumerate(module)))
    if isinstance(module, (nn.GlobalAvgPool, nn.GlobalMaxPool)):
        return own.OverPlaces("mean" if isinstance(module, nn.GlobalAvgPool) else "amax", module.keepdims)
    if isinstance(module, nn.ZeroPad2d):
        return torch.nn.ZeroPad2d((*module.padding[1], *module.padding[0]))
    kind = KINDS.get(type(module))
    if kind is None:
        raise ExchangeError(
            f"to_torch: {module!r} at {name!r} has no counterpart that can be made by itself. Write the network as a "
            "torch.nn.Module and give it: to_torch(model, net) puts the weights in. Or export_onnx(model, ...)."
        )
    core = constructed(torch, kind, {o.theirs: o.to(ours(module, o)) for o in kind.options}, name)
    if isinstance(module, nn.recurrent.Recurrent):
        if module.return_state or module.stateful:
            raise ExchangeError(f"to_torch: {name!r} returns or keeps states. Write that part in PyTorch.")
        return own.Outputs(core, module.return_sequences, module.go_backwards)
    return own.SelfAttention(core) if isinstance(module, nn.MultiheadAttention) else core


def graph(torch: Any, found: Any, name: str, seen: dict[int, Any]) -> Any:
    """The PyTorch module for a model of symbolic inputs and outputs."""
    own = importlib.import_module(f"{__package__}._torch_modules")
    names = {id(part): n.replace(".", "_") for n, part in found.layers.items()}
    modules = {
        names[id(p)]: made(torch, p, f"{name}.{n}".strip("."), seen)
        for n, p in found.layers.items()
        if not isinstance(p, nn.InputLayer)
    }

    def slots(nested: Any) -> Any:
        return transform(lambda symbol: own.Slot(id(symbol)), nested)

    steps = []
    for step in found.steps:
        part: Any = names.get(id(step.layer)) or operation(torch, step.layer)
        steps.append((part, *slots((constants(torch, step.args), constants(torch, step.kwargs))), slots(step.outputs)))
    return own.Graph(modules, steps, slots(found.inputs), slots(found.outputs))


def operation(torch: Any, step: Operation) -> Any:
    """What an operator, or an activation, between symbolic tensors is for PyTorch's."""
    if OPERATIONS.get(step.name) is step.function:
        return step.function
    try:
        return activation(torch, step.function)
    except NotImplementedError as error:
        raise ExchangeError(
            f"to_torch: the operation {step.name!r} between layers has no counterpart that can be made by itself. Write the "
            "network as a torch.nn.Module and give it: to_torch(model, net) puts the weights in. Or export_onnx(model, ...)."
        ) from error


def constants(torch: Any, nested: Any) -> Any:
    """Arguments with PyTorch's tensors in place of arrays."""
    if isinstance(nested, dict):
        return {key: constants(torch, v) for key, v in nested.items()}
    if type(nested) in (list, tuple):
        return type(nested)(constants(torch, v) for v in nested)
    return torch.as_tensor(host(raw(nested))) if isinstance(nested, (np.ndarray, Tensor)) else nested


def constructed(torch: Any, kind: Kind, options: dict[str, Any], name: str) -> Any:
    """Call the class in torch.nn."""
    if isinstance(options.get("padding"), tuple):
        options["padding"] = symmetric(options["padding"], name)
    return getattr(torch.nn, kind.theirs)(**options, **kind.fixed)


def symmetric(padding: tuple[Any, ...], name: str) -> tuple[int, ...]:
    """Padding that is the same before and after, as PyTorch's layers have it."""
    if any(isinstance(p, tuple) and p[0] != p[1] for p in padding):
        raise ExchangeError(
            f"to_torch: {name!r} pads {padding}; a layer of PyTorch pads both ends alike. Use ZeroPad in front."
        )
    return tuple(p[0] if isinstance(p, tuple) else p for p in padding)


def ours(layer: Any, option: Option) -> Any:
    """The value of an option of a layer of ours."""
    name = option.ours
    if name in READ and not hasattr(layer, name):
        return READ[name](layer)
    options = getattr(layer, "options", {})
    if name in options:
        return options[name]
    if isinstance(layer, nn.activation.Activation):
        return inspect.signature(layer.op).parameters[name].default
    return getattr(layer, name)


def made_here(net: Any, name: str, seen: dict[int, nn.Module]) -> nn.Module:
    """Our module for one of PyTorch's; the same one if it comes again. seen : those that were made, by the ids of theirs."""
    if id(net) not in seen:
        seen[id(net)] = made_here_anew(net, name, seen)
    return seen[id(net)]


def made_here_anew(net: Any, name: str, seen: dict[int, nn.Module]) -> nn.Module:
    """A module of ours for one of PyTorch's."""
    word, home = type(net).__name__, type(net).__module__
    ours = home == f"{__package__}._torch_modules" and word in ("Outputs", "SelfAttention", "OverPlaces")
    if not ours and not home.startswith("torch.nn.modules."):
        word = f"{home}.{word}"  # another class, whatever its name
    if word == "Sequential":
        return nn.Sequential(*(made_here(m, f"{name}.{n}".strip("."), seen) for n, m in net._modules.items()))
    if word == "Outputs":
        core = made_here(net.core, name, seen)
        core.return_sequences, core.go_backwards = net.all_steps, net.backwards  # type: ignore[attr-defined]
        return core
    if word == "SelfAttention":
        return made_here(net.core, name, seen)
    if word == "OverPlaces":
        return (nn.GlobalAvgPool if net.how == "mean" else nn.GlobalMaxPool)(net.keepdim)
    if word == "ZeroPad2d":
        return nn.ZeroPad2d(net.padding)
    if word not in BY_NAME:
        names = "Sequential, " + ", ".join(sorted(BY_NAME))
        raise ExchangeError(
            f"from_torch: {word} at {name!r} cannot be made here by itself. Known: {names}. Write the network with our layers "
            "and give it: from_torch(net, model) puts the weights in."
        )
    cls, kind = BY_NAME[word]
    for fixed, value in kind.fixed.items():
        if hasattr(net, fixed) and getattr(net, fixed) != value:
            raise ExchangeError(
                f"from_torch: {word} at {name!r} has {fixed}={getattr(net, fixed)!r}; {value!r} is needed."
            )
    bias = net.in_proj_bias if word == "MultiheadAttention" else getattr(net, "bias", None)
    values = {}
    for option in kind.options:
        given = bias if option.theirs == "bias" else getattr(net, option.theirs)
        try:
            values[option.ours] = option.back(given)
        except NotImplementedError as error:
            raise ExchangeError(f"from_torch: {word} at {name!r} has {option.theirs}={given!r}, {error}.") from error
    return cls(**values)
