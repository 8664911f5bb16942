"""How much new weights may take while a file is read: a file from a stranger may ask for layers of any size."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ..engine.errors import CheckpointError

__all__ = ["affordable", "bounded", "counted"]

DRAWS = 2**22  # entries beside the weights
SAMPLE = 2**26  # entries of an input that a file may ask for: shapes are found by computing on small samples

_left: ContextVar[list[int] | None] = ContextVar("tinygrad_edu.budget", default=None)  # entries; None without a limit


@contextmanager
def bounded(entries: int) -> Iterator[None]:
    """Let initialisers make so many entries inside a ``with`` block, and some for what layers draw while they are tried."""
    token = _left.set([entries + DRAWS])
    try:
        yield
    finally:
        _left.reset(token)


def affordable(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a sample, unless a file asks for a huge one.

    Errors: CheckpointError.
    """
    if _left.get() is not None and math.prod(shape) > SAMPLE:
        raise CheckpointError(f"it asks for an input of shape {shape}, which is larger than any it needs to be.")
    return shape


def counted(init: Callable[..., Any]) -> Callable[..., Any]:
    """An initialiser that heeds the limit.

    Errors: CheckpointError before anything larger is allocated.
    """

    @functools.wraps(init)
    def make(shape: tuple[int, ...], *args: Any, **options: Any) -> Any:
        left = _left.get()
        if left is not None:
            left[0] -= math.prod(shape)
            if left[0] < 0:
                raise CheckpointError(f"it asks for a weight of shape {shape}, for which it holds no numbers.")
        return init(shape, *args, **options)

    return make
