"""Names of layers and models: their class in snake_case, numbered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

__all__ = ["auto_name", "forget_names", "names_in_order", "numbered", "snake_case"]

_taken: dict[str, int] = {}


def auto_name(word: str) -> str:
    """A name that was not given before: dense, dense_1, dense_2."""
    n = _taken.get(word, 0)
    _taken[word] = n + 1
    return f"{word}_{n}" if n else word


def forget_names() -> None:
    """Start numbering anew: dense again."""
    _taken.clear()


def names_in_order(layers: Sequence[Any]) -> list[str]:
    """What each layer is called among the others: its name or its class in snake_case, numbered from the second on."""
    return numbered([getattr(layer, "name", None) or snake_case(type(layer).__name__) for layer in layers])


def numbered(names: list[str]) -> list[str]:
    """Names with a number from the second of a kind on: linear, relu, linear_1."""
    before: dict[str, int] = {}
    out = []
    for name in names:
        n = before.get(name, 0)
        before[name] = n + 1
        out.append(f"{name}_{n}" if n else name)
    return out


def snake_case(name: str) -> str:
    """The words of a class name: MaxPooling2D -> max_pooling2d, ReLU -> re_lu."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)).lower()
