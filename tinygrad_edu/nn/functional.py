"""Functional models: ``Input``, and the graph of calls between symbolic inputs and outputs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from ..engine import Tensor
from ..engine.errors import DataError, GraphError, ShapeError
from .module import Module
from .naming import auto_name, names_in_order, numbered
from .symbolic import Step, SymbolicTensor, symbols, transform
from .weights import Weighted

__all__ = ["Graph", "Input", "InputLayer"]


class InputLayer(Weighted, Module):
    """Where data comes in: passes it on.

    shape : without the batch.  batch_shape : with it, in place of shape.  batch_size : None for any.
    dtype : what the data is converted to.  name : for messages, and the key in a dict of inputs.
    Attributes: ``output``, the symbolic tensor that stands for the data.
    """

    def __init__(
        self,
        shape: Iterable[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        name: str | None = None,
        *,
        batch_shape: Iterable[int | None] | None = None,
    ) -> None:
        if (shape is None) == (batch_shape is None):
            raise TypeError("Input: give shape=(...) without the batch, or batch_shape=(...) with it.")
        if batch_shape is not None and batch_size is not None:
            raise TypeError("Input: batch_shape has the batch already, so leave batch_size out.")
        whole = tuple(batch_shape) if batch_shape is not None else (batch_size, *sizes(shape))
        self.name = name or auto_name("input_layer")
        self.dtype = str(dtype or "float32")
        self.input = self.output = SymbolicTensor(sizes(whole), self.dtype, self.name)
        self.output.step = Step(self, (), {})
        self.output.step.outputs = self.output
        self.batch_shape = self.input_shape = self.output.shape
        self.built = True

    def forward(self, x: Tensor) -> Tensor:
        """(N, ...) -> (N, ...)."""
        return x

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another one."""
        return {"batch_shape": self.batch_shape, "dtype": self.dtype, "name": self.name}


def Input(  # noqa: N802 - a word of Keras
    shape: Iterable[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    name: str | None = None,
    *,
    batch_shape: Iterable[int | None] | None = None,
) -> SymbolicTensor:
    """A symbolic tensor to start a model from; the arguments are those of ``InputLayer``.

    >>> from tinygrad_edu.nn import Linear, Model
    >>> x = Input(shape=(3,))
    >>> model = Model(x, Linear(2)(x) + 1)
    >>> model([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    """
    return InputLayer(shape, batch_size, dtype, name, batch_shape=batch_shape).output


class Graph:
    """The calls that lead from symbolic inputs to symbolic outputs, in the order in which they were noted.

    inputs, outputs : a symbolic tensor, or a list, tuple or dict of them; a list of one counts as that one. Calling the
        graph takes and gives values in these structures; inputs may also come as a dict by name.
    Attributes: ``entries``, the steps of the inputs; ``steps``, all others, oldest first; ``parts``, the layers and operations
    by their names, each once; ``layers``, those that are modules.
    Errors: GraphError for outputs that also need other inputs than these; TypeError for what is not symbolic.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = alone(inputs), alone(outputs)
        self.sources, self.results = symbols(inputs), symbols(outputs)
        if not self.sources or not self.results:
            raise TypeError(
                f"Model(inputs, outputs) are symbolic tensors, from Input(shape=...) and layers called on it; got {inputs!r} "
                f"and {outputs!r}."
            )
        self.steps = steps_between(self.sources, self.results)
        self.entries = [s.step for s in self.sources if s.step is not None and not s.step.inputs]
        made = by_depth(self.entries, self.steps, outputs)
        self.parts = dict(zip(names_in_order(made), made))
        self.layers = {name: part for name, part in self.parts.items() if isinstance(part, Module)}

    @property
    def names(self) -> dict[int, str]:
        """The name of every layer and operation by its id, which is another one in a copy."""
        return {id(part): name for name, part in self.parts.items()}

    @property
    def output_names(self) -> list[str]:
        """The keys of a dict of outputs, else the names of the layers that they come from."""
        if isinstance(self.outputs, dict):
            return list(self.outputs)
        names = self.names
        return numbered([names[id(s.step.layer)] if s.step else s.name for s in self.results])

    def __call__(self, x: Any) -> Any:
        """The outputs for these inputs."""
        values = {id(s): fitted(v, s) for s, v in zip(self.sources, self.ordered(x))}

        def value(symbol: SymbolicTensor) -> Any:
            return values[id(symbol)]

        for step in self.steps:
            args, kwargs = transform(value, step.args), transform(value, step.kwargs)
            try:
                out = step.layer(*args, **kwargs)
            except ShapeError as error:
                raise ShapeError(f"{error}\n{self.story(step, values)}") from error
            store(values, step.outputs, out)
        return transform(value, self.outputs)

    def ordered(self, x: Any) -> Sequence[Any]:
        """The values of the inputs in their order, from a structure like theirs or a dict by name."""
        if isinstance(x, dict):
            keys = list(self.inputs) if isinstance(self.inputs, dict) else numbered([s.name for s in self.sources])
            if missing := [key for key in keys if key not in x]:
                near = difflib.get_close_matches(missing[0], set(x) - set(keys), n=1)
                raise DataError(
                    f"The model has the inputs {', '.join(keys)}, and the data {', '.join(x)}: {missing[0]!r} is missing."
                    + (f" Is it {near[0]!r}?" if near else "")
                )
            return [x[key] for key in keys]
        values = list(x) if isinstance(x, (list, tuple)) else [x]
        if len(values) != len(self.sources):
            wanted = ", ".join(f"{s.name} {s.shape}" for s in self.sources)
            raise ShapeError(f"The model has {len(self.sources)} input(s), {wanted}; {len(values)} came.")
        return values

    def story(self, failed: Step, values: dict[int, Any]) -> str:
        """What became of the inputs, call by call, up to the one that failed."""
        lines = [f"  input {s.name} {values[id(s)].shape}" for s in self.sources]
        for step in self.steps[: self.steps.index(failed)]:
            shapes = ", ".join(str(values[id(s)].shape) for s in symbols(step.outputs))
            lines.append(f"    {self.names[id(step.layer)]} -> {shapes}")
        given = ", ".join(str(values[id(s)].shape) for s in failed.inputs)
        return "\n".join([*lines, f"  > {self.names[id(failed.layer)]} cannot take {given}"])


def alone(ends: Any) -> Any:
    """The one entry of a list, as Keras has it; anything else as it is."""
    return ends[0] if isinstance(ends, list) and len(ends) == 1 else ends


def steps_between(sources: list[SymbolicTensor], results: list[SymbolicTensor]) -> list[Step]:
    """The steps that results need, oldest first, up to the sources."""
    known, found, stack = {id(s) for s in sources}, dict[int, Step](), list(results)
    while stack:
        symbol = stack.pop()
        step = symbol.step
        if id(symbol) in known or (step is not None and step.number in found):
            continue
        if step is None or not step.inputs:
            names = ", ".join(s.name for s in sources)
            raise GraphError(
                f"The outputs also need the input {symbol.name!r} {symbol.shape}. Give it in inputs=; they are: {names}."
            )
        found[step.number] = step
        stack.extend(step.inputs)
    return [found[number] for number in sorted(found)]


def by_depth(entries: list[Step], steps: list[Step], outputs: Any) -> list[Any]:
    """The layers and operations of all steps, each once, in Keras's order: first what is farthest from the outputs, and
    at one distance what is met first on the way back from them. The order of a model's weights follows from it.
    """  # fmt: skip
    depth: dict[int, int] = {}  # of each layer, by its id: of all its calls the farthest from the outputs
    own = dict[int, int]()  # of each step, by its number
    for step in reversed([*entries, *steps]):
        far = max(own.get(step.number, 0), depth.get(id(step.layer), 0))
        own[step.number] = depth[id(step.layer)] = far
        for symbol in step.inputs:
            if symbol.step is not None:
                own[symbol.step.number] = max(own.get(symbol.step.number, 0), far + 1)
    inside, met = {s.number for s in [*entries, *steps]}, dict[int, Any]()
    seen: set[int] = set()
    stack = symbols([outputs[key] for key in sorted(outputs)] if isinstance(outputs, dict) else outputs)[::-1]
    while stack:
        before = stack.pop().step
        if before is not None and before.number in inside - seen:
            seen.add(before.number)
            met.setdefault(id(before.layer), before.layer)
            stack.extend(reversed(before.inputs))
    for step in entries:
        met.setdefault(id(step.layer), step.layer)  # an input that no output needs
    return sorted(met.values(), key=lambda layer: -depth[id(layer)])


def fitted(x: Any, symbol: SymbolicTensor) -> Any:
    """A value for an input: in its dtype, with a last axis of 1 added or taken away where that makes it fit."""
    shape = symbol.shape
    if x.ndim == len(shape) - 1 and shape[-1] == 1:
        x = x.reshape(*x.shape, 1)
    elif x.ndim == len(shape) + 1 and x.shape[-1] == 1:
        x = x.reshape(*x.shape[:-1])
    if x.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, x.shape)):
        raise ShapeError(f"Input {symbol.name!r}: shape {shape} expected, {x.shape} came. {remedy(shape, x.shape)}")
    if symbol.dtype.startswith("float") and x.dtype.kind == "f":
        return x  # the model's dtype, which may be float64 to check gradients
    return x if x.dtype == symbol.dtype else x.astype(symbol.dtype)


def remedy(expected: tuple[int | None, ...], came: tuple[int, ...]) -> str:
    """What to do about data of another shape than an input's."""
    if len(came) == len(expected) - 1 and all(n in (None, m) for n, m in zip(expected[1:], came)):
        return "For a single sample give x[None]."
    sample = ", ".join(str(n) for n in came[1:]) + ("," if len(came) == 2 else "")
    return f"Reshape the data, or begin the model with Input(shape=({sample}))."


def store(values: dict[int, Any], outputs: Any, out: Any) -> None:
    """Take down what symbolic results turned out to be."""
    if isinstance(outputs, SymbolicTensor):
        values[id(outputs)] = out
    elif isinstance(outputs, (list, tuple, dict)):
        for key in outputs if isinstance(outputs, dict) else range(len(outputs)):
            store(values, outputs[key], out[key])


def sizes(shape: Any) -> tuple[int | None, ...]:
    """A shape, checked: whole numbers above 0, and None for what is not known.

    Errors: TypeError for what is no shape.
    """
    if isinstance(shape, int):
        raise TypeError(f"Input: shape is a tuple, shape=({shape},), not the number {shape}.")
    for n in shape:
        if n is not None and (isinstance(n, bool) or not hasattr(n, "__index__") or n < 1):
            raise TypeError(f"Input: a shape has whole numbers above 0 and None, not {n!r} as in {tuple(shape)}.")
    return tuple(n if n is None else int(n) for n in shape)
