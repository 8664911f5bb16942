"""A model as a list of ops that holds for every batch.

The model is run twice, on two samples and on three, and the two recorded graphs are laid side by side. A number that grew from
2 to 3 is the batch; from 10 to 15, five times the batch. An array that grew along one axis and repeats itself there, such as the
states of zeros that a recurrent layer begins with, is one row for each sample. What does not lead back to an input is a constant.
What numpy made of an input beside the graph, such as a mask of padding, becomes steps too (``_traced.py``). An array that differs
although nothing is known of how it came about is refused: no list of ops would know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..engine import Array, Tensor, enable_grad
from ..engine.device import HOST
from ..engine.errors import DataError, ExchangeError
from ..engine.tensor import ARGS, KWARGS, NUMBER, OP
from ..nn import Module
from ._traced import ByNumpy, Traced, as_made, traced

__all__ = ["Dim", "Program", "Repeated", "Step", "Times", "Value", "program"]

SIZES = (2, 3)  # samples in the two runs: not 1, which would broadcast


class Times(NamedTuple):
    """A length that is so many times the batch."""

    factor: int


Dim: TypeAlias = int | Times
Shape: TypeAlias = tuple[Dim, ...]


class Value(NamedTuple):
    """What an input or an op gives: a name that is unique in the program; its shape and dtype."""

    name: str
    shape: Shape
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


class Repeated(NamedTuple):
    """A constant that is the same for each sample: an array with length 1 along an axis where there shall be ``times`` rows."""

    array: Array
    axis: int
    times: Times


class Step(NamedTuple):
    """An op, its arguments with Values and constant arrays in place of Tensors, and what it gives.

    op : an Op, or a function of numpy's as ``ByNumpy``.
    """

    op: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    output: Value


class Program(NamedTuple):
    """A model: inputs and outputs with their names, the steps between, and the names of the parameters by their arrays' ids."""

    inputs: list[Value]
    steps: list[Step]
    outputs: dict[str, Value]
    names: dict[int, str]


def program(model: Callable[..., Any], example: Any) -> Program:
    """Run a model twice, and make one list of ops.

    example : an input as ``predict`` takes it, or a tuple of arguments; the first axis of every array is the batch.
    Errors: ExchangeError where the two runs cannot be told as one.
    """
    if isinstance(model, Module) and any(p.device != HOST for _, p in model.named_variables()):
        raise ExchangeError("export_onnx: the model is on another device. Move it to the host first: model.to('cpu').")
    for name, module in model.named_modules() if isinstance(model, Module) else ():
        if getattr(module, "stateful", False):
            raise ExchangeError(
                f"export_onnx: {name or 'the model'} is stateful, {module!r}, and a file has no memory. Make the model with "
                "stateful=False, or have it take the states and return them (initial_state, return_state=True)."
            )
    first = Run(model, example, SIZES[0], lambda array: array)
    if isinstance(model, Module):  # the first run may have built it: now its dtype is known
        first = Run(model, example, SIZES[0], lambda array: array)
    parameters = list(model.named_variables()) if isinstance(model, Module) else []
    try:
        second = Run(model, example, SIZES[1], moved)
    except DataError:  # floats that stand for whole numbers, such as ids
        second = Run(model, example, SIZES[1], rolled)
    return Merge(first, second, {id(p.data): name for name, p in parameters}).program()


def rolled(array: Array) -> Array:
    """The same numbers in other places."""
    return np.roll(array, 1)


def moved(array: Array) -> Array:
    """Other numbers of about the same size; of whole numbers the same in other places."""
    if array.dtype.kind != "f":
        return rolled(array)
    waves = np.sin(np.arange(1, array.size + 1)).reshape(array.shape)
    return np.asarray(0.5 * np.roll(array, 1) + (abs(array).max() or 1) * waves, array.dtype)


# -- one run -----------------------------------------------------------------------------------------------------------


class Run:
    """A model run on n samples, which are the example's, changed: what depends on them then differs between runs.

    inputs : name -> Tensor.          outputs : name -> Tensor.
    nodes : those that lead from an input to an output, oldest first.
    """

    def __init__(self, model: Callable[..., Any], example: Any, n: int, change: Callable[[Array], Array]) -> None:
        self.n = n
        floats = (
            (p.dtype for _, p in model.named_variables() if p.dtype.kind == "f") if isinstance(model, Module) else ()
        )
        self.dtype = next(iter(floats), None)
        self.inputs: dict[str, Tensor] = {}
        arguments = self.sample(example, "input", change)
        with enable_grad(), np.errstate(all="ignore"):
            self.outputs = named("output", called(model, arguments if isinstance(example, tuple) else (arguments,)))
        known = {id(t) for t in self.inputs.values()}
        self.places: dict[int, int] = {}  # of a node's number among the nodes
        self.nodes: list[Any] = []
        for node in ancestors(self.outputs.values()):
            if any(self.leads_back(v, known) for v in leaves((node[ARGS], node[KWARGS]))):
                self.places[node[NUMBER]] = len(self.nodes)
                self.nodes.append(node)

    def sample(self, example: Any, name: str, change: Callable[[Array], Array]) -> Any:
        """Inputs of n samples."""
        if isinstance(example, dict):
            return {key: self.sample(v, str(key), change) for key, v in example.items()}
        if isinstance(example, (list, tuple)) and any(hasattr(v, "shape") for v in example):
            return type(example)(self.sample(v, f"{name}_{i}", change) for i, v in enumerate(example))
        array = Tensor(example).data
        if not array.ndim or not len(array):
            raise ExchangeError(
                f"export_onnx: the example {name!r} has shape {array.shape}. Give at least one sample: (batch, ...)."
            )
        if self.dtype is not None and (array.dtype.kind == "f" or array.dtype.itemsize == 1):
            array = array.astype(self.dtype)  # as fit and predict do; pixels may be bytes
        array = change(np.concatenate([array] * self.n)[: self.n])
        made = self.inputs[name] = Tensor(array, requires_grad=array.dtype.kind == "f")
        made.data = traced(array, None)
        return made

    def leads_back(self, v: Any, inputs: set[int]) -> bool:
        """Whether an argument is an input or was computed from one."""
        if isinstance(v, Tensor):
            node = v.node is not None and v.node[NUMBER] in self.places
            return id(v) in inputs or node or isinstance(v.data, Traced)
        return isinstance(v, Traced)


def called(model: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What a model gives, out of training, recorded also where its parameters are frozen."""
    if not isinstance(model, Module):
        return model(*arguments)
    frozen = [p for _, p in model.named_variables() if not p.requires_grad and p.dtype.kind == "f"]
    try:
        for p in frozen:
            p.requires_grad = True
        return model(*arguments, training=False)
    finally:
        for p in frozen:
            p.requires_grad = False


def named(name: str, nested: Any) -> dict[str, Tensor]:
    """The outputs of a model: one, or those of a list or dict by names."""
    if isinstance(nested, Tensor):
        return {name: nested}
    if isinstance(nested, dict):
        return {n: t for key, v in nested.items() for n, t in named(str(key), v).items()}
    if isinstance(nested, (list, tuple)):
        return {n: t for i, v in enumerate(nested) for n, t in named(f"{name}_{i}", v).items()}
    raise ExchangeError(
        f"export_onnx: the model returned {type(nested).__name__}; Tensors, or a list or dict of them, are needed."
    )


def ancestors(outputs: Any) -> list[Any]:
    """The nodes behind some Tensors, oldest first."""
    found: dict[int, Any] = {}
    stack = list(outputs)
    while stack:
        node = getattr(stack.pop(), "node", None)
        if node is not None and node[NUMBER] not in found:
            found[node[NUMBER]] = node
            stack.extend(leaves((node[ARGS], node[KWARGS])))
    return [found[number] for number in sorted(found)]


def leaves(nested: Any) -> Iterator[Any]:
    """What is in a structure of lists, tuples, dicts and slices."""
    if isinstance(nested, dict):
        nested = tuple(nested.values())
    if isinstance(nested, (list, tuple)):
        for v in nested:
            yield from leaves(v)
    else:
        yield nested


# -- two runs as one ---------------------------------------------------------------------------------------------------


class Merge:
    """Two runs laid side by side."""

    def __init__(self, small: Run, large: Run, names: dict[int, str]) -> None:
        self.small, self.large, self.names = small, large, names
        self.inputs = {
            name: Value(name, self.shape(t, large.inputs[name]), t.dtype) for name, t in small.inputs.items()
        }
        self.of_arrays = {id(t.data): self.inputs[name] for name, t in small.inputs.items()}  # of the small run
        self.steps: list[Step] = []
        self.of_nodes: dict[int, Value] = {}  # by a node's number in the small run
        self.where = "an input"  # for messages

    def program(self) -> Program:
        """The list of ops."""
        ours, theirs = ([node[OP].name for node in run.nodes] for run in (self.small, self.large))
        if ours != theirs:
            first = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
            here, there = (ops[first] if first < len(ops) else "the end" for ops in (ours, theirs))
            raise ExchangeError(
                f"export_onnx: the model takes other steps for other samples: step {first + 1} is {here!r} for some and {there!r} "
                "for others. A file holds one list of steps, so they must not depend on values, as they do with masks of padding."
            )
        tensors = self.by_node()
        for a, b in zip(self.small.nodes, self.large.nodes):
            self.where = f"the op {a[OP].name!r} has an argument"
            args, kwargs = self.merged(a[ARGS], b[ARGS]), self.merged(a[KWARGS], b[KWARGS])
            out, other = tensors[0][a[NUMBER]], tensors[1][b[NUMBER]]
            bundle = out.dtype is None  # of several outputs, each of which is picked from it by a step of its own
            kind = (() if bundle else self.shape(out, other), np.dtype(object if bundle else out.dtype))
            self.of_nodes[a[NUMBER]] = value = Value(f"{a[OP].name}_{len(self.steps)}", *kind)
            self.of_arrays[id(out.data)] = value
            self.steps.append(Step(a[OP], args, kwargs, value))
        self.where = "the model has a result"
        found = {name: self.merged(t, self.large.outputs[name]) for name, t in self.small.outputs.items()}
        if both := sorted(found.keys() & self.inputs.keys()):
            raise ExchangeError(
                f"export_onnx: {both[0]!r} is an input and an output. ONNX needs two names: rename one."
            )
        for name, value in found.items():
            if not isinstance(value, Value):
                raise ExchangeError(f"export_onnx: {name!r} does not depend on the input.")
        return Program(list(self.inputs.values()), self.steps, found, self.names)

    def by_node(self) -> tuple[dict[int, Any], dict[int, Any]]:
        """The Tensor that each node made, in both runs."""
        found: list[dict[int, Any]] = []
        for run in (self.small, self.large):
            tensors = [*run.outputs.values(), *leaves([(node[ARGS], node[KWARGS]) for node in run.nodes])]
            found.append({t.node[NUMBER]: t for t in tensors if isinstance(t, Tensor) and t.node is not None})
        return found[0], found[1]

    def shape(self, a: Any, b: Any) -> Shape:
        """The shape of both."""
        if len(a.shape) != len(b.shape):
            raise ExchangeError(
                f"export_onnx: {self.where} of shape {a.shape} that became {b.shape} with more samples."
            )
        return tuple(self.number(m, n) for m, n in zip(a.shape, b.shape))

    def number(self, a: int, b: int) -> Dim:
        """A whole number, or so many times the batch."""
        if a == b:
            return int(a)
        factor = a // self.small.n
        if factor * self.small.n == a and factor * self.large.n == b:
            return Times(factor)
        raise ExchangeError(
            f"export_onnx: {self.where} with the number {a}, which became {b} with {self.large.n} samples in place of "
            f"{self.small.n}. Only multiples of the batch can be written."
        )

    def merged(self, a: Any, b: Any) -> Any:
        """An argument of both runs."""
        if isinstance(a, Tensor) and isinstance(b, Tensor):
            return self.tensor(a, b)
        if isinstance(a, (np.ndarray, np.generic)):
            return self.array(np.asanyarray(a), np.asanyarray(b))
        if isinstance(a, slice):
            return slice(self.merged(a.start, b.start), self.merged(a.stop, b.stop), self.merged(a.step, b.step))
        if isinstance(a, (dict, list, tuple)) and len(a) != len(b):
            raise ExchangeError(
                f"export_onnx: {self.where} that is a list of {len(a)}, and of {len(b)} for {self.large.n} samples in place of "
                f"{self.small.n}. A file holds one list of steps, so the batch cannot be walked through."
            )
        if isinstance(a, dict):
            return {key: self.merged(v, b[key]) for key, v in a.items()}
        if type(a) in (list, tuple):
            return type(a)(map(self.merged, a, b))
        if type(a) is int:
            return self.number(a, b)
        if isinstance(a, (float, complex, str)) and a != b and a == a:
            raise ExchangeError(
                f"export_onnx: {self.where} that was computed from the input outside the graph: {a!r} for some samples and {b!r} "
                "for others. A file would hold the example's. Compute it with ops."
            )
        return a

    def tensor(self, a: Tensor, b: Tensor) -> Any:
        """A Tensor of both runs: the result of a step, or what its array is."""
        if a.node is not None and a.node[NUMBER] in self.of_nodes:
            return self.of_nodes[a.node[NUMBER]]
        return self.array(a.data, b.data)

    def array(self, a: Array, b: Array) -> Any:
        """An array of both runs: an input, what numpy made of one, a constant, or one that repeats itself for every sample."""
        if id(a) in self.of_arrays:
            return self.of_arrays[id(a)]
        if isinstance(a, Traced) and isinstance(b, Traced):
            return self.by_numpy(a, b)
        if a.shape == b.shape:
            if a is b or np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
                return a
        elif a.ndim == b.ndim and a.size and b.size:
            grown = [axis for axis, (m, n) in enumerate(zip(a.shape, b.shape)) if m != n]
            rows = a.take([0], grown[0])
            if len(grown) == 1 and (a == rows).all() and (b == rows).all():
                times = self.number(a.shape[grown[0]], b.shape[grown[0]])
                if isinstance(times, Times):
                    return Repeated(rows, grown[0], times)
        raise self.unknown(a)

    def by_numpy(self, a: Traced, b: Traced) -> Value:
        """An array that numpy made of an input beside the graph: a step of its own."""
        here, there = a.origin, b.origin
        if not (here and there and here.name and here.name == there.name and as_made(a) and as_made(b)):
            raise self.unknown(a)
        args, kwargs = self.merged(here.args, there.args), self.merged(here.kwargs, there.kwargs)
        value = Value(f"{here.name}_{len(self.steps)}", self.shape(a, b), a.dtype)
        self.steps.append(Step(ByNumpy(here.name), args, kwargs, value))
        self.of_arrays[id(a)] = value
        return value

    def unknown(self, array: Array) -> ExchangeError:
        """The error for an array of which nothing is known."""
        return ExchangeError(
            f"export_onnx: {self.where} that was computed from the input outside the graph, an array {array.shape} {array.dtype}. "
            "A file would hold the example's. Compute it with ops."
        )
