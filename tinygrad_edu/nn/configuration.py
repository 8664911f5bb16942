"""Models as plain data and back, in Keras's form: layers with their arguments, and how their calls hang together.

A call on symbolic tensors is kept as its arguments, in which ``[layer, call, result]`` stands for a tensor.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Self

from ..engine.errors import CheckpointError, UnknownNameError
from ..io.names import BUILT_IN
from ..io.objects import Configured, deserialize, serialize
from .functional import Graph, InputLayer
from .saving import load_weights, save_model, save_weights
from .symbolic import OPERATIONS, Operation, SymbolicTensor, connect, symbols, transform

__all__ = ["Storable", "describe", "graph_config", "rebuild"]

TENSOR = "__keras_tensor__"


def describe(part: Any) -> dict[str, Any]:
    """A layer or operation as plain data.

    Errors: TypeError for an operation that has no name in ``keras.ops``.
    """
    if not isinstance(part, Operation):
        return serialize(part)  # type: ignore[no-any-return]
    module = next((m for m in ("keras.ops", "operator") if operations(m).get(part.name) is part.function), None)
    if module is None:
        raise TypeError(
            f"The operation {part.name!r} of this model is not one of keras.ops. Call it in a layer of your own."
        )
    return {"module": module, "class_name": "__operation__", "config": {"name": part.name}, "registered_name": None}


def graph_config(graph: Graph, written: Callable[[Any], dict[str, Any]] = describe) -> dict[str, Any]:
    """The layers and operations of a functional model, each with its calls, and the tensors at its ends.

    written : a layer or operation as plain data.
    """
    names = graph.names
    calls: dict[int, list[Any]] = {part: [] for part in names}
    for step in [*graph.entries, *graph.steps]:
        calls[id(step.layer)].append(step)
    place = {
        id(symbol): [names[part], i, j]
        for part, steps in calls.items()
        for i, step in enumerate(steps)
        for j, symbol in enumerate(symbols(step.outputs))
    }
    layers: list[dict[str, Any]] = []
    for source in graph.sources:  # one from the middle of another model becomes an input
        if id(source) not in place:
            entry = InputLayer(batch_shape=source.shape, dtype=source.dtype, name=f"{source.name}_{len(layers)}")
            place[id(source)] = [entry.name, 0, 0]
            layers.append({**serialize(entry), "name": entry.name, "inbound_nodes": []})

    def tensor(symbol: SymbolicTensor) -> dict[str, Any]:
        about = {"shape": list(symbol.shape), "dtype": symbol.dtype, "keras_history": place[id(symbol)]}
        return {"class_name": TENSOR, "config": about}

    for part, steps in calls.items():
        inbound = [
            {
                "args": [serialize(a, names[part]) for a in transform(tensor, list(step.args))],
                "kwargs": serialize(transform(tensor, step.kwargs), names[part]),
            }
            for step in steps
            if step.inputs
        ]
        layers.append({**written(steps[0].layer), "name": names[part], "inbound_nodes": inbound})
    ends = (transform(lambda symbol: place[id(symbol)], end) for end in (graph.inputs, graph.outputs))
    return {"layers": layers, **dict(zip(("input_layers", "output_layers"), map(serialize, ends)))}


def operations(module: str) -> Mapping[str, Any]:
    """What operations there are, by name."""
    return OPERATIONS if module == "operator" else BUILT_IN.get(module, {})


def make(data: Mapping[str, Any]) -> Any:
    """A layer or operation from plain data."""
    if data.get("class_name") != "__operation__":
        return deserialize(
            {key: data[key] for key in ("module", "class_name", "config", "registered_name") if key in data}
        )
    name, known = data["config"]["name"], operations(str(data.get("module")))
    if name not in known:
        raise UnknownNameError("operation", str(name), known)
    return Operation(known[name], name)


def rebuild(config: Mapping[str, Any], maker: Callable[[Mapping[str, Any]], Any] = make) -> tuple[Any, Any]:
    """The symbolic inputs and outputs of a functional model, with new layers.

    maker : makes a layer or operation from its entry in ``config["layers"]``.
    Errors: CheckpointError for calls that hang on nothing.
    """
    made = {entry["name"]: maker(entry) for entry in config["layers"]}
    results: dict[str, list[list[SymbolicTensor]]] = {
        name: [[part.output]] if isinstance(part, InputLayer) else [] for name, part in made.items()
    }
    waiting = [(entry["name"], list(entry["inbound_nodes"])) for entry in config["layers"] if entry["inbound_nodes"]]

    def tensor(history: Any) -> SymbolicTensor:
        name, call, which = history
        found: SymbolicTensor = results[name][call][which]
        return found

    while waiting:
        later = []
        for name, nodes in waiting:
            while nodes and ready(nodes[0], results):
                node = nodes.pop(0)
                args, kwargs = (deserialize(filled(node[part], tensor)) for part in ("args", "kwargs"))
                part = made[name]
                out = connect(part, tuple(args), kwargs) if isinstance(part, Operation) else part(*args, **kwargs)
                results[name].append(symbols(out))
            if nodes:
                later.append((name, nodes))
        if [len(nodes) for _, nodes in later] == [len(nodes) for _, nodes in waiting] and len(later) == len(waiting):
            raise CheckpointError(
                f"the calls of {', '.join(name for name, _ in later)!r:.200} need each other, or what is not there."
            )
        waiting = later
    return ends(config["input_layers"], tensor), ends(config["output_layers"], tensor)


def ready(node: Any, results: Mapping[str, Any]) -> bool:
    """Whether the tensors that a call takes are there."""
    needed: list[Any] = []
    filled([node["args"], node["kwargs"]], needed.append)
    return all(name in results and len(results[name]) > call for name, call, _ in needed)


def filled(data: Any, tensor: Callable[[Any], Any]) -> Any:
    """Plain data with the tensors in place of what stands for them."""
    if isinstance(data, dict):
        if data.get("class_name") == TENSOR:
            return tensor(data["config"]["keras_history"])
        return {key: filled(v, tensor) for key, v in data.items()}
    return [filled(v, tensor) for v in data] if isinstance(data, list) else data


def ends(data: Any, tensor: Callable[[Any], Any]) -> Any:
    """The tensors at the ends of a model, in their structure: a list that begins with a name stands for one."""
    if isinstance(data, list) and data and isinstance(data[0], str):
        return tensor(data)
    if isinstance(data, dict) and data.get("class_name") == "__tuple__":
        return tuple(ends(v, tensor) for v in data["config"])
    if isinstance(data, dict):
        return {key: ends(v, tensor) for key, v in data.items()}
    return [ends(v, tensor) for v in data]


class Storable(Configured):
    """A mix-in for models: what they are as plain data, and files that hold them."""

    reads_data = True  # from_config builds layers and their calls itself
    graph: Graph | None

    def get_config(self) -> dict[str, Any]:
        """Its layers and their calls, for a functional model; for others the arguments that make another one."""
        if self.graph is None or not takes_ends(type(self)):
            return super().get_config()
        return {"name": self.name, "trainable": self.trainable, **graph_config(self.graph)}  # type: ignore[attr-defined]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Another model of the same kind, with new weights."""
        if "input_layers" not in config:
            return super().from_config(config)
        model = cls(*rebuild(config), name=config["name"])
        model._trainable = bool(config["trainable"])  # type: ignore[attr-defined]  # its layers have said so themselves
        return model

    def to_json(self, **options: Any) -> str:
        """What the model is, without weights, for ``keras.models.model_from_json``; options go to ``json.dumps``."""
        built = {"build_config": serialize({"input_shape": self.input_shape})}  # type: ignore[attr-defined]
        return json.dumps(serialize(self) | built, **options)

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of ``compile``; nothing before it was called."""
        how = self._compiled  # type: ignore[attr-defined]
        return {} if how is None else {"optimizer": self.optimizer, **how.given}  # type: ignore[attr-defined]

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile as ``get_compile_config`` says; override both with a ``compile`` of your own arguments."""
        self.compile(**deserialize(dict(config)))  # type: ignore[attr-defined]

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the whole model to a ``.keras`` file, for ``keras.models.load_model``; see ``saving.save_model``."""
        save_model(self, filepath, overwrite)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the weights to a ``.weights.npz`` file."""
        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: str | os.PathLike[str], skip_mismatch: bool = False) -> None:
        """Take over the weights in a ``.weights.npz`` or ``.keras`` file, all or none; see ``saving.load_weights``."""
        load_weights(self, filepath, skip_mismatch)


def takes_ends(cls: Any) -> bool:
    """Whether a class of models is made from inputs and outputs, as Model is, and not by arguments of its own."""
    home = next(c for c in cls.__mro__ if "__init__" in vars(c))
    return bool(home.__module__.startswith(__package__))
