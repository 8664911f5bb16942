"""``export_onnx``: the list of ops of a model as an ONNX file (version 20 of the standard operators, 2023)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._version import __version__
from ..engine.errors import ExchangeError
from ..engine.outputs import PICK
from ..io._replace import replacing
from . import _onnx_layers, _onnx_shapes  # noqa: F401 - they register their rules
from ._onnx_rules import RULES, onnx_rule
from ._parts import imported
from ._recording import Program, Repeated, Shape, Step, Times, Value, program

__all__ = ["Writer", "export_onnx", "onnx_rule"]

OPSET, IR_VERSION = 20, 10


def export_onnx(model: Callable[..., Any], path: str | os.PathLike[str], example: Any) -> None:
    """Write a model as an ONNX file, which takes any batch; a recurrent layer's number of steps stays the example's.

    model : a model or module, which is run out of training, or a function of Tensors.
    example : an input as ``predict`` takes it, an array or a list or dict of arrays, the batch first; or a tuple of arguments.
        The file's inputs are called input, or input_0, input_1, or by the dict's keys; its outputs output, and so on.

    Errors: MissingExtraError without onnx. ExchangeError that names the op which ONNX does not have here, or what in the model
    depends on the input but is not recorded; nothing is then written. The file is written whole or not at all.

    >>> from tinygrad_edu.nn import Linear, Sequential
    >>> export_onnx(Sequential(Linear(3, 2)), "net.onnx", np.zeros((1, 3)))  # doctest: +SKIP
    """
    onnx = imported("onnx", "onnx", "export_onnx")
    made = Writer(onnx, program(model, example)).model()
    try:
        onnx.checker.check_model(made, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExchangeError(f"export_onnx: ONNX's own check refuses the file, so none was written. {error}") from error
    with replacing(path) as new:
        new.write_bytes(made.SerializeToString())


class Writer:
    """Puts ONNX nodes one after the other. Rules (``onnx_rule``) get it as their first argument.

    What a rule calls a value is a Value of the program, the name of a node's output, or a constant: an array.
    """

    def __init__(self, onnx: Any, program: Program) -> None:
        self.onnx, self.program = onnx, program
        self.nodes: list[Any] = []
        self.constants: dict[Any, str] = {}  # name by content, of those that are no parameters
        self.initializers: dict[str, Any] = {}
        self.bundles: dict[str, Sequence[str]] = {}  # outputs of ops that have several
        self.names: dict[str, str] = {v.name: v.name for v in program.inputs}
        self.ends = {*self.names, *program.outputs}  # what no parameter may be called
        self.batch_name = ""

    # -- for rules -----------------------------------------------------------------------------------------------------

    def node(self, kind: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; the name of its output, or a list of names. An input that is None is left out."""
        names = [f"{kind}_{len(self.nodes)}" + (f"_{i}" if outputs > 1 else "") for i in range(outputs)]
        given = ["" if x is None else self.name(x) for x in inputs]
        while given and not given[-1]:
            given.pop()
        self.nodes.append(self.onnx.helper.make_node(kind, given, names, names[0], **attributes))
        return names if outputs > 1 else names[0]

    def name(self, x: Any) -> str:
        """The name of a value."""
        if isinstance(x, str):
            return x
        if isinstance(x, Value):
            return self.names[x.name]
        if isinstance(x, Repeated):
            shape = [*x.array.shape]
            return str(self.node("Expand", x.array, self.dims((*shape[: x.axis], x.times, *shape[x.axis + 1 :]))))
        return self.constant(np.asarray(x))

    def constant(self, array: Any) -> str:
        """The name of a constant: a parameter's own, or a new one."""
        name = self.program.names.get(id(array))
        if name in self.ends:
            name = f"{name}.parameter"
        key = name or (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = name = name or f"constant_{len(self.constants)}"
            self.initializers[name] = self.onnx.numpy_helper.from_array(
                np.ascontiguousarray(array).reshape(array.shape), name
            )
        return self.constants[key]

    def as_type(self, x: Any, dtype: Any) -> Any:
        """A value in a dtype."""
        dtype = np.dtype(dtype)
        if isinstance(x, Repeated):
            return x._replace(array=x.array.astype(dtype))
        if isinstance(x, Value):
            return x if x.dtype == dtype else self.cast(x, dtype)
        array = np.asarray(x)
        return array if array.dtype == dtype else array.astype(dtype)

    def cast(self, x: Any, dtype: Any) -> str:
        """A node that converts."""
        return str(self.node("Cast", x, to=self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))))

    def dims(self, shape: Shape) -> Any:
        """A shape as a value: a constant, or put together from the batch that comes."""
        if not any(isinstance(n, Times) for n in shape):
            return np.array(shape, np.int64)
        self.batch_name = self.batch_name or self.node("Shape", self.program.inputs[0], start=0, end=1)
        pieces = [
            self.batch_name if n == Times(1)
            else self.node("Mul", self.batch_name, np.array([n.factor])) if isinstance(n, Times)
            else np.array([n], np.int64)
            for n in shape
        ]  # fmt: skip
        return self.node("Concat", *pieces, axis=0)

    def reshape(self, x: Any, shape: Shape) -> str:
        """A value in another shape."""
        unknown = sum(isinstance(n, Times) for n in shape)
        if unknown == 1 and 0 not in shape:
            return str(self.node("Reshape", x, np.array([-1 if isinstance(n, Times) else n for n in shape], np.int64)))
        return str(self.node("Reshape", x, self.dims(shape), allowzero=1))

    # -- the file ------------------------------------------------------------------------------------------------------

    def model(self) -> Any:
        """The whole file."""
        for step in self.program.steps:
            self.step(step)
        helper = self.onnx.helper
        outputs = []
        for name, value in self.program.outputs.items():
            self.nodes.append(helper.make_node("Identity", [self.name(value)], [name], f"end_{name}"))
            outputs.append(self.described(name, value))
        inputs = [self.described(v.name, v) for v in self.program.inputs]
        graph = helper.make_graph(self.nodes, "tinygrad_edu", inputs, outputs, list(self.initializers.values()))
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        made.producer_name, made.producer_version = "tinygrad_edu", __version__
        return made

    def described(self, name: str, value: Value) -> Any:
        """An input or output: dtype and shape, with a name in place of the batch."""
        words = [
            "batch" if n == Times(1) else f"batch_times_{n.factor}" if isinstance(n, Times) else n for n in value.shape
        ]
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
        return self.onnx.helper.make_tensor_value_info(name, kind, words)

    def step(self, step: Step) -> None:
        """Add the nodes of an op."""
        output = step.output
        if step.op is PICK:
            bundle, i = step.args
            self.names[output.name] = self.bundles[bundle.name][i]
            return
        rule = RULES.get(step.op.name)
        if rule is None:
            raise ExchangeError(
                f"export_onnx: the op {step.op.name!r} has no rule for ONNX. Write the model without it, or give one with "
                f"@tg.io.onnx_rule({step.op.name!r})."
            )
        try:
            result = rule(self, output, *step.args, **step.kwargs)
        except NotImplementedError as error:
            raise ExchangeError(f"export_onnx: the op {step.op.name!r}: {error}") from error
        if isinstance(result, str):
            self.names[output.name] = result
        else:
            self.bundles[output.name] = result
