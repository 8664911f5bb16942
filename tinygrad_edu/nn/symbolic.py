"""Symbolic tensors: a shape that remembers which call it came from. Functional models are made of them.

A module that is called on symbolic tensors computes nothing yet: the call is noted, and symbolic results are returned.
``nn.functional`` walks from outputs back to inputs and makes a model of the calls in between.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..engine import Tensor, no_grad
from ..engine.errors import ShapeError
from ..training.rehearsal import rehearsal
from .budget import affordable

__all__ = ["Operation", "Step", "SymbolicTensor", "connect", "output_shape", "symbolic", "symbols", "transform"]

_numbers = itertools.count(1)


class SymbolicTensor:
    """What a model's input or the result of a call will be, without values.

    shape : with None where the size is not known, such as the batch.          dtype : a name such as "float32".
    name : for messages, and the key of a model's input.

    Operators (``+ - * / ** @``, indexing) and layers work on it and give symbolic tensors.
    Attributes: ``step``, the call that it came from; None for one that was made by hand.
    """

    def __init__(self, shape: Iterable[int | None], dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype).name
        self.name = name or "symbolic_tensor"
        self.step: Step | None = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError(f"{self} has no values yet. Compute with layers, operators or keras.ops; numpy cannot wait.")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """array + symbolic, which numpy asks first; any other of its functions cannot wait for values."""
        operation = getattr(self, TURNED.get(ufunc.__name__, ""), None)
        if operation is not None and inputs[1] is self and not options:
            return operation(inputs[0])
        name = ufunc.__name__
        raise TypeError(f"numpy.{name}: {self} has no values yet. Compute with keras.ops.{name}, which waits for them.")

    def __bool__(self) -> bool:
        raise TypeError(f"{self} has no values yet, so it is neither true nor false. Decide inside a layer's call.")

    def __iter__(self) -> Any:
        raise TypeError(f"{self} has no values yet, so it cannot be walked through. Index it: x[:, 0].")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


class Operation:
    """A function of tensors as a step of a model: what operators and ops on symbolic tensors become."""

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        self.function, self.name = function, name or function.__name__

    @property
    def kind(self) -> str:
        """Its name as a class would be called: get_item -> GetItem."""
        return self.name.title().replace("_", "")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns; numpy's complaints about shapes as ShapeError."""
        try:
            return self.function(*args, **kwargs)
        except ValueError as error:
            raise ShapeError(f"{self.name}: {error}") from error

    def __repr__(self) -> str:
        return self.name


class Step:
    """One call: a layer or Operation, its arguments with symbolic tensors in place of values, and its results."""

    def __init__(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer, self.args, self.kwargs = layer, args, kwargs
        self.number = next(_numbers)  # inputs are older than outputs
        self.inputs = symbols((args, kwargs))
        self.outputs: Any = None


def connect(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Note a call on symbolic tensors; returns symbolic tensors for its results.

    layer : a Module, which is built for these shapes, or an ``Operation``.
    Their shapes are found by computing on small inputs of two sizes: what differs is not known.
    Errors: ShapeError if the layer cannot take these shapes.
    """
    step = Step(layer, args, kwargs)
    shapes = [s for s in transform(lambda symbol: symbol.shape, list(args)) if isinstance(s, (tuple, list, dict))]
    is_module = not isinstance(layer, Operation)
    try:
        if is_module:
            layer.build_for(shapes)
        small, large = (probe(step, sizes) for sizes in ((2, 64), (3, 128)))
    except ShapeError as error:
        raise ShapeError(f"{error}\n{story(step)}") from error
    step.outputs = merged(small, large, getattr(layer, "name", None) or type(layer).__name__.lower())
    for out in symbols(step.outputs):
        out.step = step
    if is_module:
        layer.input_shape = shapes[0] if len(shapes) == 1 else shapes
        layer._ends = layer._ends or (args[0] if args else step.inputs, step.outputs)
    return step.outputs


def output_shape(layer: Any, input_shape: Any) -> Any:
    """The shape of what a layer or model returns, with None where it is not fixed, for the shape of its input."""
    step = Step(layer, (expected(input_shape),), {})
    small, large = (probe(step, sizes) for sizes in ((2, 64), (3, 128)))
    return transform(lambda out: out.shape, merged(small, large, "output"))


def expected(input_shape: Any) -> Any:
    """A symbolic tensor of a shape; of a list or dict of shapes, a list or dict of them."""
    if isinstance(input_shape, dict):
        return {name: expected(shape) for name, shape in input_shape.items()}
    if input_shape and isinstance(input_shape[0], (list, tuple)):
        return [expected(shape) for shape in input_shape]
    return SymbolicTensor(input_shape)


def probe(step: Step, sizes: tuple[int, int]) -> Any:
    """What a step returns for inputs of ones (whole numbers: zeros), with these sizes for an unknown batch and other axes."""

    def sample(symbol: SymbolicTensor) -> Tensor:
        shape = [sizes[i > 0] if n is None else n for i, n in enumerate(symbol.shape)]
        return Tensor(np.full(affordable(tuple(shape)), symbol.dtype.startswith("float"), symbol.dtype))

    mode = {} if isinstance(step.layer, Operation) else {"training": False}
    with no_grad(), np.errstate(all="ignore"), rehearsal(step.layer):
        return step.layer(*transform(sample, step.args), **transform(sample, step.kwargs) | mode)


def story(step: Step) -> str:
    """What led to a call that failed: the calls before it with their shapes, back to an input or to where several meet."""
    given = ", ".join(str(s.shape) for s in step.inputs)
    lines = [f"  > {step.layer!r} cannot take {given}; it was tried with a batch of 2"]
    while len(step.inputs) == 1 and (before := step.inputs[0]).step is not None:
        step = before.step
        lines.append(f"    {step.layer!r} -> {before.shape}" if step.inputs else f"  {before.name} {before.shape}")
    if len(step.inputs) == 1:
        lines.append(f"  {step.inputs[0].name} {step.inputs[0].shape}")
    return "\n".join(reversed(lines))


def merged(small: Any, large: Any, name: str) -> Any:
    """Symbolic tensors for what came out for two sizes: None where they differ."""
    if isinstance(small, dict):
        return {key: merged(small[key], large[key], name) for key in small}
    if isinstance(small, (list, tuple)):
        return type(small)(merged(s, b, name) for s, b in zip(small, large))
    if not isinstance(small, (Tensor, np.ndarray)):  # tests and counts of Tensors are plain arrays
        return small
    return SymbolicTensor((m if m == n else None for m, n in zip(small.shape, large.shape)), small.dtype, name)


def symbolic(values: Iterable[Any]) -> bool:
    """Whether a symbolic tensor is among the values, or in lists and dicts among them."""
    for v in values:
        kind = type(v)
        if kind is SymbolicTensor or (kind in (list, tuple) and symbolic(v)) or (kind is dict and symbolic(v.values())):
            return True
    return False


def symbols(nested: Any) -> list[SymbolicTensor]:
    """The symbolic tensors in a structure of lists, tuples and dicts, in order."""
    found: list[SymbolicTensor] = []
    transform(found.append, nested)
    return found


def transform(function: Callable[[SymbolicTensor], Any], nested: Any) -> Any:
    """The same structure with ``function`` applied to each symbolic tensor; all else stays."""
    if isinstance(nested, SymbolicTensor):
        return function(nested)
    if isinstance(nested, dict):
        return {key: transform(function, v) for key, v in nested.items()}
    if type(nested) in (list, tuple):
        return type(nested)(transform(function, v) for v in nested)
    return nested


def _operator(name: str, function: Callable[..., Any], turned: bool = False) -> Callable[..., Any]:
    """A method that notes an operation; turned: for the operand on the right."""

    def method(self: SymbolicTensor, *other: Any) -> Any:
        return connect(Operation(function, name), (*other, self) if turned else (self, *other), {})

    return method


OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power", "matmul": "matmul",
    "neg": "negative", "abs": "absolute", "getitem": "get_item",
}  # fmt: skip
OPERATIONS = {name: getattr(operator, word) for word, name in OPERATORS.items()}  # by the names that steps have
TURNED: dict[str, str] = {}  # numpy's functions -> the methods for an array on the left
for _word, _name in OPERATORS.items():
    setattr(SymbolicTensor, f"__{_word}__", _operator(_name, getattr(operator, _word)))
    if _word not in ("neg", "abs", "getitem"):
        setattr(SymbolicTensor, f"__r{_word}__", _operator(_name, getattr(operator, _word), turned=True))
        TURNED[_name] = f"__r{_word}__"
