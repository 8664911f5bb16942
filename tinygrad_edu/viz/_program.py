"""A model as a program that a web page can run: the ops of one recorded call, and the numbers they need.

The model is called once on a single sample, and what was recorded is written down op by op. Layers, whatever their layout or
nesting, need no code of their own: they are made of ops, and ``page/network.js`` computes the ops listed here.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.rule import Op
from ..engine.tensor import ARGS, KWARGS, OP
from ..nn import Module
from ..ops._window import window
from ._pixels import bare
from ._record import Call, recorded, values_behind

__all__ = ["NotPortableError", "Program"]

Arguments = Mapping[str, Any]


class NotPortableError(ValueError):
    """A model that the page's JavaScript cannot compute; the message says why, for readers of the page."""


# -- what network.js can compute: for each op its inputs by name, and a function of its arguments that gives its options


def nothing(op: Op, a: Arguments) -> dict[str, Any]:
    """No options."""
    return {}


def reshaped(op: Op, a: Arguments) -> dict[str, Any]:
    """The same entries in the shape of the result."""
    return {"op": "reshape"}


def turned(op: Op, a: Arguments) -> dict[str, Any]:
    """The order of the axes, told by what the op makes of axes of different lengths."""
    rest = {name: value for name, value in a.items() if name != "x"}
    return {"op": "transpose", "axes": [n - 2 for n in op.rule(np.empty(range(2, 2 + a["x"].ndim)), **rest)[0].shape]}


def convolved(op: Op, a: Arguments) -> dict[str, Any]:
    """Strides, paddings, dilations, groups."""
    x, w = a["x"], a["weight"]
    win = window(op.name, x.shape[2:], w.shape[2:], a["stride"], a["padding"], a["dilation"])
    return {"stride": win.stride, "padding": win.padding, "dilation": win.dilation, "groups": a["groups"]}


def pooled(op: Op, a: Arguments) -> dict[str, Any]:
    """Window, strides, paddings."""
    stride = a["kernel_size"] if a["stride"] is None else a["stride"]
    win = window(op.name, a["x"].shape[2:], a["kernel_size"], stride, a["padding"])
    pads = bool(a.get("count_include_pad", False))
    return {"kernel": win.kernel, "stride": win.stride, "padding": win.padding, "count_padding": pads}


def along(op: Op, a: Arguments) -> dict[str, Any]:
    """One axis, counted from 0."""
    return {"axis": a["axis"] % a["x"].ndim}


def reduced(op: Op, a: Arguments) -> dict[str, Any]:
    """The axes that go."""
    axes = range(a["x"].ndim) if a["axis"] is None else np.atleast_1d(a["axis"])
    return {"axes": [int(axis) % a["x"].ndim for axis in axes]}


def number(name: str) -> Callable[[Op, Arguments], dict[str, Any]]:
    """A number that goes by this name."""
    return lambda op, a: {name: float(a[name])}


X, XY, LAYER = ("x",), ("x", "y"), ("x", "weight", "bias")
PORTABLE: dict[str, tuple[tuple[str, ...], Callable[[Op, Arguments], dict[str, Any]]]] = {
    "linear": (LAYER, nothing),
    "matmul": (XY, nothing),
    "conv2d": (LAYER, convolved),
    "max_pool2d": (X, pooled),
    "avg_pool2d": (X, pooled),
    "batch_norm_inference": (
        ("x", "mean", "variance", "weight", "bias"),
        lambda op, a: along(op, a) | {"epsilon": a["epsilon"]},
    ),
    "leaky_relu": (X, number("slope")),
    "elu": (X, number("alpha")),
    **dict.fromkeys(
        ("relu", "sigmoid", "tanh", "silu", "softplus", "exp", "log", "sqrt", "square", "negative"), (X, nothing)
    ),
    **dict.fromkeys(("add", "subtract", "multiply", "divide", "maximum", "minimum"), (XY, nothing)),
    **dict.fromkeys(("softmax", "log_softmax"), (X, along)),
    **dict.fromkeys(("sum", "mean", "max"), (X, reduced)),
    **dict.fromkeys(("reshape", "ravel", "flatten", "squeeze", "expand_dims", "alias"), (X, reshaped)),
    **dict.fromkeys(("transpose", "swapaxes", "moveaxis"), (X, turned)),
}


class Program:
    """The steps from a single sample to the model's answer.

    steps : the ops in order; each names its inputs (0 is the sample, k the result of step k, -k the k-th constant) and options.
    constants : the arrays that do not depend on the sample.  layers : (title, step) for each layer that computes.
    Errors: NotPortableError for a model that takes something else than floating samples, or uses other ops.
    """

    def __init__(self, model: Module, x: Any) -> None:
        sample = np.asarray(x[:1], dtype=np.result_type(x.dtype, np.float32))
        self.shape = sample.shape
        given: list[Any] = []

        def called(t: Tensor) -> Tensor:
            given.append(t)
            return model(t, training=False)  # type: ignore[no-any-return]

        root: Any
        root, calls = recorded(called, [sample], model)
        self.steps: list[dict[str, Any]] = []
        self.constants: list[Any] = []
        place: dict[int, int] = {id(given[0]): 0}
        steps: dict[int, int] = {}  # creation number -> step
        for value in values_behind(root, {}) if isinstance(root, Tensor) else ():
            t = value.tensor
            if value.kind == "op" and any(place.get(id(source.tensor), -1) >= 0 for source in value.sources):
                self.steps.append(self.step(t, place, calls))
                place[id(t)] = steps[value.number] = len(self.steps)
        if not isinstance(root, Tensor) or place.get(id(root), -1) < 1 or root.ndim != 2:
            raise NotPortableError("it does not give one row of numbers for one image")
        self.layers: list[tuple[Call, int]] = []
        for call in calls:
            made = [k for n, k in steps.items() if call.depth == 1 and call.begin < n < call.end]
            if made and max(made) < len(self.steps) and self.steps[max(made) - 1]["op"] != "reshape":
                self.layers.append((call, max(made)))  # of the last layer, the bars show the result

    def step(self, t: Any, place: dict[int, int], calls: list[Call]) -> dict[str, Any]:
        """One op: its name, its inputs, its options, the shape of its result."""
        op = t.node[OP]
        if op.name not in PORTABLE:
            call = next((c for c in calls if c.depth == 1 and c.begin < t.node[0] < c.end), None)
            where = f" (in layer {call.name}, {type(call.module).__name__})" if call else ""
            raise NotPortableError(f"it uses the op {op.name}{where}, which this page's JavaScript does not know")
        inputs, options = PORTABLE[op.name]
        bound = inspect.signature(op.rule).bind(*t.node[ARGS], **t.node[KWARGS])
        bound.apply_defaults()
        a = bound.arguments
        sources = [None if a[name] is None else self.source(a[name], place) for name in inputs]
        return {"op": op.name, "from": sources, "shape": t.shape, **options(op, a)}

    def source(self, value: Any, place: dict[int, int]) -> int:
        """Where a step finds an input; what no step computes becomes a constant."""
        if id(value) not in place or not isinstance(value, Tensor):
            self.constants.append(bare(value).astype(np.float32))
            if not isinstance(value, Tensor):
                return -len(self.constants)
            place[id(value)] = -len(self.constants)
        return place[id(value)]

    @property
    def size(self) -> int:
        """How many numbers the constants hold."""
        return sum(c.size for c in self.constants)

    def data(self, bits: int) -> dict[str, Any]:
        """What the page reads: steps, constants in 32 or 16 bits each, layers."""
        numbers = np.concatenate([np.zeros(0, np.float32), *(c.ravel() for c in self.constants)])
        return {
            "shape": self.shape,
            "steps": self.steps,
            "constants": [c.shape for c in self.constants],
            "bits": bits,
            "numbers": base64.b64encode(numbers.astype(f"<f{bits // 8}").tobytes()).decode(),
            "layers": [{"name": title(call), "step": step} for call, step in self.layers],
        }


def title(call: Call) -> str:
    """What a layer is called on the page: as it prints, if that is short."""
    text = repr(call.module)
    return text if len(text) <= 60 and "\n" not in text else f"{type(call.module).__name__} {call.name}"
