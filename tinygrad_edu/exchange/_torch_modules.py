"""PyTorch modules for what PyTorch has no module for that fits into its Sequential. Needs torch: imported when used."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

torch: Any = importlib.import_module("torch")

__all__ = [
    "Affine", "AverageOfPresent", "BatchNorm", "BothWays", "ChannelsOn", "EachStep", "Graph", "Merge", "Method", "Outputs",
    "OverPlaces", "PReLU", "Pad", "PadSame", "Reshape", "SelfAttention", "Separable", "Slot", "StepDropout",
]  # fmt: skip


class Outputs(torch.nn.Module):  # type: ignore[misc]
    """A recurrent layer (batch_first) that gives the outputs alone: of the last step, or of all.

    x : (N, T, in)          out : (N, units) or (N, T, units)
    backwards : walk from the end to the beginning; all outputs are then in that order.
    """

    def __init__(self, core: torch.nn.Module, all_steps: bool, backwards: bool = False) -> None:
        super().__init__()
        self.core, self.all_steps, self.backwards = core, all_steps, backwards

    def forward(self, x: Any) -> Any:
        """(N, T, in) -> (N, units) or (N, T, units)."""
        out = self.core(x.flip(1) if self.backwards else x)[0]
        return out if self.all_steps else out[:, -1]


class SelfAttention(torch.nn.Module):  # type: ignore[misc]
    """Attention (batch_first) of a sequence to itself: (N, T, E) -> (N, T, E)."""

    def __init__(self, core: torch.nn.Module) -> None:
        super().__init__()
        self.core = core

    def forward(self, x: Any) -> Any:
        """(N, T, E) -> (N, T, E)."""
        return self.core(x, x, x, need_weights=False)[0]


class OverPlaces(torch.nn.Module):  # type: ignore[misc]
    """One number of all pixels of each channel: (N, C, *size) -> (N, C), or (N, C, 1, ...) with keepdim.

    how : "mean" or "amax".
    """

    def __init__(self, how: str, keepdim: bool) -> None:
        super().__init__()
        self.how, self.keepdim = how, keepdim

    def forward(self, x: Any) -> Any:
        """(N, C, *size) -> (N, C)."""
        return getattr(torch, self.how)(x, dim=tuple(range(2, x.ndim)), keepdim=self.keepdim)


class ChannelsOn(torch.nn.Module):  # type: ignore[misc]
    """A module of images (N, C, *size) for images with their channels on another axis, the last; no memory is moved."""

    def __init__(self, core: torch.nn.Module, axis: int = -1) -> None:
        super().__init__()
        self.core, self.axis = core, axis

    def forward(self, x: Any) -> Any:
        """(N, *size, C) -> (N, *size, C)."""
        return self.core(x.movedim(self.axis, 1)).movedim(1, self.axis)


class PadSame(torch.nn.Module):  # type: ignore[misc]
    """A margin for as many windows as places over strides, the odd pixel at the end.

    reach : how far a window extends along each axis.          value : of the margin
    """

    def __init__(self, reach: Sequence[int], stride: Sequence[int], value: float) -> None:
        super().__init__()
        self.reach, self.stride, self.value = tuple(reach), tuple(stride), value

    def forward(self, x: Any) -> Any:
        """(N, C, *size) -> (N, C, *larger)."""
        widths: list[int] = []
        for n, k, s in zip(x.shape[2:], self.reach, self.stride):
            total = max((-(-n // s) - 1) * s + k - n, 0)
            widths = [total // 2, total - total // 2, *widths]  # the last axis first
        return torch.nn.functional.pad(x, widths, value=self.value)


class AverageOfPresent(torch.nn.Module):  # type: ignore[misc]
    """An average over windows with such a margin, which does not count."""

    def __init__(self, core: torch.nn.Module, size: Sequence[int], stride: Sequence[int]) -> None:
        super().__init__()
        self.core, self.pad = core, PadSame(size, stride, 0.0)

    def forward(self, x: Any) -> Any:
        """(N, C, *size) -> (N, C, *positions)."""
        return self.core(self.pad(x)) / self.core(self.pad(torch.ones_like(x[:1, :1])))


class Separable(torch.nn.Module):  # type: ignore[misc]
    """A depthwise convolution, then a mixture of the channels at each pixel."""

    def __init__(
        self, channels: int, times: int, filters: int, size: Any, stride: Any, dilation: Any, bias: bool
    ) -> None:
        super().__init__()
        self.stride, self.dilation, self.channels = stride, dilation, channels
        self.depthwise_kernel = torch.nn.Parameter(torch.empty(channels * times, 1, *size))
        self.pointwise_kernel = torch.nn.Parameter(torch.empty(filters, channels * times, *(1 for _ in size)))
        self.bias = torch.nn.Parameter(torch.empty(filters)) if bias else None

    def forward(self, x: Any) -> Any:
        """(N, C, *size) -> (N, filters, *positions)."""
        conv = getattr(torch.nn.functional, f"conv{x.ndim - 2}d")
        deep = conv(x, self.depthwise_kernel, None, self.stride, 0, self.dilation, self.channels)
        return conv(deep, self.pointwise_kernel, self.bias)


class BatchNorm(torch.nn.BatchNorm1d):  # type: ignore[misc]
    """Batch norm of any rank, with the channels on any axis."""

    def __init__(self, axis: int, channels: int, epsilon: float, momentum: float, affine: bool) -> None:
        super().__init__(channels, epsilon, momentum, affine)
        self.axis = axis

    def _check_input_dim(self, x: Any) -> None:
        """Any rank will do."""

    def forward(self, x: Any) -> Any:
        """(...) -> (...)."""
        return super().forward(x.movedim(self.axis, 1)).movedim(1, self.axis)


class PReLU(torch.nn.Module):  # type: ignore[misc]
    """x above 0, alpha * x below, alpha of any shape that broadcasts to a sample's."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.alpha = torch.nn.Parameter(torch.zeros(*shape))

    def forward(self, x: Any) -> Any:
        """(...) -> (...)."""
        return torch.where(x > 0, x, self.alpha * x)


class Method(torch.nn.Module):  # type: ignore[misc]
    """A method of tensors by its name."""

    def __init__(self, name: str, *args: Any) -> None:
        super().__init__()
        self.name, self.args = name, args

    def forward(self, x: Any) -> Any:
        """(...) -> (...)."""
        return getattr(x, self.name)(*self.args)


class Reshape(torch.nn.Module):  # type: ignore[misc]
    """(N, ...) -> (N, *shape)."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Any) -> Any:
        """(N, ...) -> (N, *shape)."""
        return x.reshape(len(x), *self.shape)


class Affine(torch.nn.Module):  # type: ignore[misc]
    """x * scale + offset."""

    def __init__(self, scale: Any, offset: Any) -> None:
        super().__init__()
        for name, value in (("scale", scale), ("offset", offset)):
            self.register_buffer(name, torch.as_tensor(value, dtype=torch.float32), persistent=False)

    def forward(self, x: Any) -> Any:
        """(...) -> (...)."""
        return x * self.scale + self.offset


class Pad(torch.nn.Module):  # type: ignore[misc]
    """Margins of zeros, or negative ones that cut off; (before, after) for each axis, the last axis first."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = tuple(widths)

    def forward(self, x: Any) -> Any:
        """(...) -> (...)."""
        return torch.nn.functional.pad(x, self.widths)


class StepDropout(torch.nn.Module):  # type: ignore[misc]
    """Dropout that is the same at all steps of a sequence (N, T, F)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Any) -> Any:
        """(N, T, F) -> (N, T, F)."""
        return x * torch.nn.functional.dropout(torch.ones_like(x[:, :1]), self.rate, self.training)


class BothWays(torch.nn.Module):  # type: ignore[misc]
    """A sequence forwards and backwards, and both results as one."""

    def __init__(
        self, forwards: torch.nn.Module, backwards: torch.nn.Module, mode: str | None, all_steps: bool
    ) -> None:
        super().__init__()
        self.forwards, self.backwards, self.mode, self.all_steps = forwards, backwards, mode, all_steps

    def forward(self, x: Any) -> Any:
        """(N, T, in) -> (N, units), (N, T, units), twice as wide or a list of two."""
        a, b = self.forwards(x), self.backwards(x)
        b = b.flip(1) if self.all_steps else b
        if self.mode is None:
            return [a, b]
        if self.mode == "concat":
            return torch.cat([a, b], -1)
        return a * b if self.mode == "mul" else (a + b) / (2 if self.mode == "ave" else 1)


class EachStep(torch.nn.Module):  # type: ignore[misc]
    """A module applied to every step: (N, T, ...) -> (N, T, ...)."""

    def __init__(self, core: torch.nn.Module) -> None:
        super().__init__()
        self.core = core

    def forward(self, x: Any) -> Any:
        """(N, T, ...) -> (N, T, ...)."""
        return self.core(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class Merge(torch.nn.Module):  # type: ignore[misc]
    """Several inputs as one; those with fewer axes get axes of size 1 after the batch."""

    def __init__(self, word: str, axis: int) -> None:
        super().__init__()
        self.word, self.axis = word, axis

    def forward(self, xs: Sequence[Any]) -> Any:
        """[(N, ...), ...] -> (N, ...)."""
        if self.word == "Concatenate":
            return torch.cat(list(xs), self.axis)
        rank = max(x.ndim for x in xs)
        xs = [x.reshape(len(x), *(1,) * (rank - x.ndim), *x.shape[1:]) for x in xs]
        pair = {"Add": "add", "Average": "add", "Subtract": "sub", "Multiply": "mul"}.get(self.word, self.word.lower())
        out = functools.reduce(getattr(torch, pair), xs)
        return out / len(xs) if self.word == "Average" else out


class Graph(torch.nn.Module):  # type: ignore[misc]
    """Modules and operations between inputs and outputs, in an order that can be followed.

    modules : by name.          steps : (name of a module, or a function; its arguments; its results), with Slots for values
    inputs, outputs : Slots in the structures that are taken and given.
    """

    def __init__(self, modules: Mapping[str, torch.nn.Module], steps: Sequence[Any], inputs: Any, outputs: Any) -> None:
        super().__init__()
        self.parts = torch.nn.ModuleDict(modules)
        self.steps, self.inputs, self.outputs = list(steps), inputs, outputs

    def forward(self, *inputs: Any) -> Any:
        """The outputs for inputs one by one, or in a list or dict as the model takes them."""
        values: dict[int, Any] = {}
        given = inputs[0] if len(inputs) == 1 else inputs
        store(values, self.inputs, given)
        for part, args, kwargs, results in self.steps:
            call = self.parts[part] if isinstance(part, str) else part
            store(values, results, call(*filled(values, args), **filled(values, kwargs)))
        return filled(values, self.outputs)


class Slot(NamedTuple):
    """A place for a value."""

    number: int


def store(values: dict[int, Any], slots: Any, given: Any) -> None:
    """Put values into the places of a structure."""
    if isinstance(slots, Slot):
        values[slots.number] = given
    elif isinstance(slots, (list, tuple, dict)):
        for key in slots if isinstance(slots, dict) else range(len(slots)):
            store(values, slots[key], given[key])


def filled(values: dict[int, Any], nested: Any) -> Any:
    """A structure with the values in place of Slots."""
    if isinstance(nested, Slot):
        return values[nested.number]
    if isinstance(nested, dict):
        return {key: filled(values, v) for key, v in nested.items()}
    return type(nested)(filled(values, v) for v in nested) if type(nested) in (list, tuple) else nested
