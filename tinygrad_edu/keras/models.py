"""Models: those of ``nn``. Layers of ``nn`` and of ``keras.layers`` mix freely in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..engine.errors import CheckpointError
from ..io.names import built_in, custom_object_scope
from ..io.objects import check_known, deserialize
from ..nn import Model, Sequential
from ..nn.configuration import describe, graph_config, make, rebuild
from ..nn.functional import InputLayer
from ..nn.saving import load_model, save_model
from ..nn.symbolic import Operation

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

built_in("keras", {"Functional": Model, "Sequential": Sequential})


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that ``to_json`` describes, with new weights; built if that one was.

    Errors: CheckpointError for what is no such text; UnregisteredError for classes that nobody has registered.
    """
    try:
        config = json.loads(json_string)
    except ValueError as error:
        raise CheckpointError(f"model_from_json: not JSON ({error}).") from error
    if not isinstance(config, dict):
        raise CheckpointError("model_from_json: the text describes no model.")
    with custom_object_scope(custom_objects):
        check_known(config)
        model = deserialize(config)
        shape = deserialize(config.get("build_config", {}).get("input_shape"))
    if not isinstance(model, Model):
        raise CheckpointError(f"model_from_json: the text describes a {type(model).__name__}, no model.")
    if not model.built and shape is not None:
        model.build(shape)
    return model


def clone_model(model: Any, input_tensors: Any = None, clone_function: Callable[[Any], Any] | None = None) -> Any:
    """A model like this one, with new layers and new weights.

    input_tensors : symbolic tensors to call the new model on.
    clone_function : makes a layer from a layer, for the direct parts of a Sequential or functional model; by default one with
        the same arguments.
    """
    made: Any
    copy = clone_function or (lambda layer: type(layer).from_config(layer.get_config()))
    if isinstance(model, Sequential):
        entry = [InputLayer(**model.input.step.layer.get_config())] if model.built else []
        made = Sequential([*entry, *map(copy, model.layers)], name=model.name)
    elif model.graph is not None:
        parts = model.graph.parts
        made = Model(
            *rebuild(graph_config(model.graph, unwritten), lambda entry: copied(entry, parts, copy)), name=model.name
        )
    elif clone_function is None:
        made = copy(model)
    else:
        raise TypeError(
            f"clone_model: {model.name} is a class of its own, so its layers cannot be exchanged by a clone_function."
        )
    return made if input_tensors is None else Model(input_tensors, made(input_tensors), name=model.name)


def copied(entry: Mapping[str, Any], parts: Mapping[str, Any], copy: Callable[[Any], Any]) -> Any:
    """A new layer for an entry of a model's configuration; operations and inputs stay what they are."""
    part = parts.get(entry["name"])
    if isinstance(part, InputLayer):
        return InputLayer(**part.get_config())
    return make(entry) if part is None or isinstance(part, Operation) else copy(part)


def unwritten(part: Any) -> dict[str, Any]:
    """An operation as plain data; of a layer nothing, as a copy is made of itself."""
    return describe(part) if isinstance(part, Operation) else {}
