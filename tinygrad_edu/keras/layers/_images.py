"""Channels last, channels first: views around what is computed in the order (N, C, *size)."""

from __future__ import annotations

from typing import Any

from ...engine import Tensor
from ...engine.errors import ShapeError
from .base import Layer

__all__ = ["Images", "each", "padding_word"]

SIZES = {1: "steps", 2: "height, width", 3: "depth, height, width"}


class Images(Layer):
    """A layer over sequences, images or volumes (N, *size, C), or (N, C, *size) with data_format="channels_first"."""

    rank: int
    data_format: Any = None

    def keep(self, arguments: Any) -> None:
        """Store the arguments, and check the format."""
        super().keep(arguments)
        if self.data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(
                f"{self.name}: data_format is 'channels_last' or 'channels_first', not {self.data_format!r}."
            )

    @property
    def channels_last(self) -> bool:
        """Whether the channels are the last axis, which is the default."""
        return bool(self.data_format != "channels_first")

    def first(self, x: Tensor) -> Tensor:
        """(N, *size, C) -> (N, C, *size), a view."""
        return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1)) if self.channels_last else x

    def last(self, x: Tensor) -> Tensor:
        """(N, C, *size) -> (N, *size, C), a view."""
        return x.transpose(0, *range(2, x.ndim), 1) if self.channels_last else x

    def channels(self, input_shape: tuple[int, ...]) -> int:
        """The number of channels of an input."""
        if len(input_shape) != self.rank + 2:
            sizes = SIZES[self.rank]
            what = f"(batch, {sizes}, channels)" if self.channels_last else f"(batch, channels, {sizes})"
            raise ShapeError(f"{self.name}: inputs {what} are needed, not {tuple(input_shape)}.")
        return input_shape[-1 if self.channels_last else 1]


def each(value: Any, rank: int, name: str = "sizes") -> tuple[int, ...]:
    """One number for each axis."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    if len(values) != rank:
        raise ValueError(f"{name}: one number is needed, or one for each of {rank} axes, not {value!r}.")
    return values


def padding_word(name: str, padding: Any, allowed: tuple[str, ...] = ("valid", "same")) -> str:
    """A padding by its word, in any case."""
    word = str(padding).lower()
    if word not in allowed:
        raise ValueError(f"{name}: padding is one of {', '.join(allowed)}, not {padding!r}.")
    return word
