"""Nested values taken apart into arrays and what JSON can hold, and put together again.

A *path* is the list of keys and indices that lead to a value: ``["optimizer", "velocity", 0]``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from ..engine import Tensor
from ..engine.errors import CheckpointError, DTypeError
from ._arrays import stored_dtype

__all__ = ["Parts", "Path", "member_name", "place", "restore", "take_apart"]

Path: TypeAlias = tuple[str | int, ...]
MAX_DEPTH = 64
SPECIAL = ("tuple", "nan", "inf", "-inf")  # what JSON cannot say


class Parts(NamedTuple):
    """A tree in parts."""

    tree: Any  # plain values; None where an array or a special value was, a list where a tuple was
    arrays: dict[Path, npt.NDArray[Any]]
    special: list[tuple[Path, str]]  # outer ones before inner ones


def take_apart(state: Any) -> Parts:
    """The parts of a tree of dicts, lists, tuples, arrays, Tensors, numbers, strings, bools and None.

    Anything with a ``state_dict()`` counts as that, a numpy Generator as its state, a numpy scalar as an array.
    Errors: TypeError for anything else, DTypeError for arrays of objects; both name the place.
    """
    parts = Parts({}, {}, [])
    return parts._replace(tree=plain(state, (), parts))


def plain(value: Any, path: Path, parts: Parts) -> Any:
    """What JSON holds of a value; the rest goes into the parts."""
    if len(path) > MAX_DEPTH:
        raise ValueError(f"save: {shown(path[:3])}... goes deeper than {MAX_DEPTH} levels. Does it contain itself?")
    if hasattr(value, "state_dict"):
        value = value.state_dict()
    elif isinstance(value, np.random.Generator):
        value = value.bit_generator.state
    elif isinstance(value, Tensor):
        value = value.numpy()
    elif isinstance(value, np.generic):
        value = np.asarray(value)

    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        parts.special.append((path, str(value)))
        return None
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"save: {shown(path)} has the key {key!r}; keys are strings. Write str({key!r}).")
        return {str(key): plain(item, (*path, str(key)), parts) for key, item in value.items()}
    if type(value) in (list, tuple):
        if type(value) is tuple:
            parts.special.append((path, "tuple"))
        return [plain(item, (*path, i), parts) for i, item in enumerate(value)]
    if type(value) in (np.ndarray, np.memmap):
        if stored_dtype(value.dtype.str) is None:
            raise DTypeError(f"save: {shown(path)} has dtype {value.dtype}; numbers, bools, dates and text are saved.")
        parts.arrays[path] = value
        return None
    raise TypeError(
        f"save: {shown(path)} is a {type(value).__name__}. Saved are arrays, Tensors, numbers, strings, bools, None, and "
        "dicts, lists and tuples of them; what has a state_dict() is saved as that."
    )


def member_name(path: Path) -> str:
    """The name of an array's member: ``layers/0/weight.npy``.

    It is ASCII, another one for another path, and leads out of no folder when somebody unpacks the file.
    """
    parts = []
    for key in path:
        part = quote(str(key), safe="", errors="surrogatepass") or "%"
        parts.append(f"%2E{part[1:]}" if part.startswith(".") else part)
    return "/".join(parts) + ".npy"


def place(tree: Any, path: Path, value: Any) -> None:
    """Put an array where it was taken from."""
    holder, key = find(tree, path)
    if holder[key] is not None:
        raise CheckpointError(f"two values for {shown(path)}.")
    holder[key] = value


def restore(tree: Any, path: Path, what: str) -> None:
    """Put back a special value, inner ones first."""
    holder, key = find(tree, path)
    if what == "tuple" and type(holder[key]) is list:
        holder[key] = tuple(holder[key])
    elif what in SPECIAL[1:] and holder[key] is None:
        holder[key] = float(what)
    else:
        raise CheckpointError(f"{shown(path)} cannot be restored as {what!r}.")


def find(tree: Any, path: Path) -> tuple[Any, Any]:
    """The dict or list that a path's last key is in, and that key."""
    holder, value = None, tree
    for key in path:
        keys = value if type(value) is dict else range(len(value)) if type(value) is list else ()
        if key not in keys:
            raise CheckpointError(f"{shown(path)} leads nowhere.")
        holder, value = value, value[key]
    return holder, path[-1]


def shown(path: Path) -> str:
    """A path, fit for a message."""
    text = "/".join(map(str, path))
    return repr(text if len(text) <= 80 else text[:80] + "...") if path else "the state"
