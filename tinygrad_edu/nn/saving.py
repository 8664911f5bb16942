"""Whole models in files: ``save_model``, ``load_model``, and weights alone. What a file holds stands in ``io/_model_file.py``.

Weights have Keras's path names: ``layers/dense_1/vars/0`` for what a Sequential or functional model is made of, else the
name of the attribute. Beside them a file has what training needs to go on to the last bit: the optimiser's state, every
random generator, and what stateful recurrent layers carry on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..engine import beside, mutation
from ..engine.device import host
from ..engine.errors import CheckpointError, NotReadyError, TinygradEduError
from ..io import load, save
from ..io._model_file import read_model, write_model
from ..io._replace import replacing
from ..io.names import custom_object_scope
from ..io.objects import check_known, deserialize, serialize
from ..optim.state import fitting
from ..training.rehearsal import carried, carry
from ..training.run import generators
from .budget import bounded
from .module import Module
from .naming import numbered, snake_case
from .parameter import Parameter

__all__ = ["load_model", "load_weights", "save_model", "save_weights", "stored"]

ENDINGS = (".h5", ".hdf5", ".keras", ".npz", ".safetensors", ".tf", ".weights")  # what people take for a model's


# -- weights by their paths --------------------------------------------------------------------------------------------


def stored(module: Module) -> dict[str, Parameter]:
    """Every weight by its path, each once."""
    found: dict[str, Parameter] = {}
    seen: set[int] = set()
    stack = [("", module)]
    while stack:
        prefix, holder = stack.pop()
        own = [(n, p) for n, p in holder.named_parts() if isinstance(p, Parameter) and id(p) not in seen]
        own.sort(key=lambda named: not named[1].trainable)  # stable: Keras's order, trained ones first
        found |= {f"{prefix}{holder.stored_as(i, name)}": p for i, (name, p) in enumerate(own)}
        seen.update(id(p) for _, p in own)
        inner = [(f"{prefix}{name}/", part) for name, part in named_children(holder) if id(part) not in seen]
        seen.update(id(part) for _, part in inner)
        stack.extend(reversed(inner))
    return found


def named_children(module: Module) -> Iterator[tuple[str, Module]]:
    """The modules directly inside by Keras's names: those of a list by their classes, numbered."""
    groups: dict[str, list[Module]] = {}
    single: dict[str, Module] = {}
    made_of = list(getattr(module, "made_of", ()))
    inside = set(map(id, made_of))
    if made_of:
        groups["layers"] = made_of
    for name, part in module.named_parts():
        if isinstance(part, Module) and id(part) not in inside:
            attribute, dot, _ = name.partition(".")
            if dot:
                groups.setdefault(attribute, []).append(part)
            else:
                single[name] = part
    for group, parts in groups.items():
        names = numbered([snake_case(type(part).__name__) for part in parts])
        yield from ((f"{group}/{name}", part) for name, part in zip(names, parts))
    yield from single.items()


def write_weights(module: Module, values: Mapping[str, Any], what: str) -> None:
    """Take over values by path; every name, shape and dtype is checked before anything is written."""
    own = stored(module)
    for path, value in fitting({path: p.data for path, p in own.items()}, values, what).items():
        own[path].data[...] = beside(own[path], value)
        mutation.stamp(own[path].data)


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """``{"a/b": x}`` -> ``{"a": {"b": x}}``."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *folders, name = path.split("/")
        here = tree
        for folder in folders:
            here = here.setdefault(folder, {})
        here[name] = value
    return tree


def flat(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """``{"a": {"b": x}}`` -> ``"a/b", x``."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from flat(value, f"{prefix}/{name}" if prefix else name)
    else:
        yield prefix, tree


def ready(model: Any, what: str) -> None:
    """Refuse a model whose weights do not exist yet."""
    if any(module.waits() for module in model.modules()):
        raise NotReadyError(
            f"{what}: {model.name} is not built, so it has no weights. Call it once, or build(input_shape), first."
        )


# -- whole models ------------------------------------------------------------------------------------------------------


def save_model(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write a model to a ``.keras`` file: what it is, its weights, how it was compiled and how far its training is.

    overwrite : False refuses to replace a file.
    Errors: ValueError for another kind of file; NotReadyError before the model is built; TypeError for what is code, such
    as a Lambda layer; FileExistsError; OSError. Nothing half-written stays.
    """
    path = checked(filepath, (".keras",), "save", overwrite)
    ready(model, "save")
    config = serialize(model) | {"build_config": serialize({"input_shape": model.input_shape})}
    config["compile_config"] = serialize(model.get_compile_config(), "compile")
    state: dict[str, Any] = {"weights": nested({p: host(w.data) for p, w in stored(model).items()}), "optimizer": None}
    if model.optimizer is not None and model.optimizer.groups:
        state["optimizer"] = nested(optimizer_state(model))
    state["generators"] = dict(generators(model))
    state["frozen"], state["carried"] = frozen(model), carried(model)
    with replacing(path) as new, new.open("wb") as file:
        write_model(file, config, state)


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002 - Keras's word
    safe_mode: bool = True,
) -> Any:
    """The model in a ``.keras`` file, ready to go on training to the last bit, in this process or another.

    custom_objects : classes and functions by name, beside those that are registered.
    compile : False leaves the optimiser, losses and metrics out.
    Errors: CheckpointError for a file that is damaged, hostile or no model; UnregisteredError, which lists all classes
    that nobody has registered, with the line that registers each.
    """
    if not safe_mode:
        raise ValueError(
            "load_model: safe_mode=False would run code from the file, and files hold none here. Leave it out."
        )
    path = Path(checked(filepath, (".keras",), "load_model"))
    try:
        with path.open("rb") as file:
            config, state = read_model(file)
        with (
            custom_object_scope(custom_objects),
            bounded(sum(np.size(v) for _, v in flat(state["weights"]))),
            broken_data(),
        ):
            if not compile:
                config["compile_config"] = None
            check_known(config)
            model = deserialize(config)
            if not isinstance(model, Module):
                raise CheckpointError(f"it holds a {type(model).__name__}, no model.")
            restore(model, config, state)
    except CheckpointError as error:
        raise type(error)(f"{path}: {error}") from error.__cause__
    return model


def restore(model: Any, config: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Build a model, and give it its weights, its compilation and the state of its training."""
    shape = deserialize(config["build_config"]["input_shape"])
    if shape is not None and (not model.built or any(module.waits() for module in model.modules())):
        model.build(shape)
    values = dict(flat(state["weights"]))
    for path, p in stored(model).items():
        if path in values and values[path].dtype.kind == "f":  # a model that was converted, to float64 say
            p.data = p.data.astype(values[path].dtype, copy=False)
    write_weights(model, values, "the model")
    freeze(model, state["frozen"])
    compilation = config.get("compile_config")
    if compilation:
        model.compile_from_config(compilation)
        if state["optimizer"] is not None:
            model.optimizer.bind(list(model.named_parameters()))
            read_optimizer(model, dict(flat(state["optimizer"])))
    carry(model, state.get("carried", {}))  # which older files do not have
    saved = state["generators"]
    for name, generator in generators(model):
        if name in saved:
            generator.bit_generator.state = saved[name]


def frozen(model: Any) -> dict[str, list[str]]:
    """Which modules and which weights training leaves as they are."""
    return {
        "modules": [name for name, module in model.named_modules() if not module.trainable],
        "weights": [path for path, p in stored(model).items() if p.trainable and not p.requires_grad],
    }


def freeze(model: Any, saved: Mapping[str, Any]) -> None:
    """Leave the same modules and weights as they are, and no others."""
    for name, module in model.named_modules():
        module._trainable = name not in saved["modules"]
    for path, p in stored(model).items():
        p.requires_grad = p.trainable and path not in saved["weights"]


def optimizer_state(model: Any) -> dict[str, Any]:
    """The optimiser's arrays by number, as Keras has them: vars/0, vars/1, ..."""
    return {f"vars/{i}": value for i, value in enumerate(model.optimizer.state_dict().values())}


def read_optimizer(model: Any, saved: Mapping[str, Any]) -> None:
    """Give the optimiser its state."""
    names = list(model.optimizer.state_dict())
    if list(saved) != [f"vars/{i}" for i in range(len(names))]:
        raise CheckpointError(f"the optimiser has {len(names)} arrays, the file {len(saved)}.")
    model.optimizer.load_state_dict(dict(zip(names, saved.values())))


@contextmanager
def broken_data() -> Iterator[None]:
    """Say CheckpointError for whatever goes wrong inside with data of the wrong form."""
    try:
        yield
    except CheckpointError:
        raise
    except (
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
        ValueError,
        RecursionError,
        MemoryError,
        TinygradEduError,
    ) as error:
        name = "there is no" if isinstance(error, (KeyError, IndexError)) else type(error).__name__
        raise CheckpointError(f"no model can be made from it: {name} {error}") from error


# -- weights alone -----------------------------------------------------------------------------------------------------


def save_weights(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write the weights alone to a ``.weights.npz`` file, which ``numpy.load`` reads too.

    Errors: as for ``save_model``.
    """
    path = checked(filepath, (".weights.npz",), "save_weights", overwrite)
    ready(model, "save_weights")
    save(nested({p: host(w.data) for p, w in stored(model).items()}), path)


def load_weights(model: Any, filepath: str | os.PathLike[str], skip_mismatch: bool = False) -> None:
    """Take over the weights in a ``.weights.npz`` or ``.keras`` file, all or none.

    skip_mismatch : take over only those of the same path and shape.
    Errors: CheckpointError with the differences of both sides; NotReadyError before the model is built.
    """
    path = Path(checked(filepath, (".weights.npz", ".keras"), "load_weights"))
    ready(model, "load_weights")
    if path.suffix == ".keras":
        try:
            with path.open("rb") as file:
                tree = read_model(file)[1]["weights"]
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from error.__cause__
    else:
        tree = load(path)
    values = dict(flat(tree))
    if skip_mismatch:
        own = stored(model)
        mine = {name: p.data for name, p in own.items()}
        values = mine | {n: v for n, v in values.items() if n in own and np.shape(v) == own[n].shape}
    write_weights(model, values, model.name)


def checked(filepath: str | os.PathLike[str], kinds: tuple[str, ...], what: str, overwrite: bool = True) -> str:
    """The name of a file of a kind that can hold it."""
    path = os.fspath(filepath)
    if not path.endswith(kinds):
        stem = path
        while stem.endswith(ENDINGS):
            stem = stem.rpartition(".")[0]
        why = " There is no HDF5 here." if path.endswith((".h5", ".hdf5")) else ""
        raise ValueError(
            f"{what}: {path!r} does not end in {' or '.join(kinds)}.{why} Type {what}({stem + kinds[0]!r})."
        )
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{what}: {path!r} is there already, and overwrite=False.")
    return path
