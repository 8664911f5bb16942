"""Objects by their Keras names: what ``initializers.get``, ``regularizers.get`` and their like share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engine.errors import UnknownNameError

__all__ = ["described", "find"]


def find(kind: str, identifier: Any, known: Mapping[str, Any]) -> Any:
    """What an identifier means.

    identifier : None; a name; ``{"class_name": ..., "config": {...}}``; a class; or the thing itself.
    known : classes and functions by name; a class that a name stands for is made with its defaults.
    Errors: UnknownNameError with the nearest name.
    """
    config: Mapping[str, Any] = {}
    if isinstance(identifier, Mapping):
        if "class_name" not in identifier:
            raise TypeError(f"A {kind} as a dict has the keys 'class_name' and 'config', not {sorted(identifier)}.")
        config, identifier = identifier.get("config") or {}, identifier["class_name"]
    if isinstance(identifier, str):
        if identifier not in known:
            raise UnknownNameError(kind, identifier, known)
        identifier = known[identifier]
    if isinstance(identifier, type):
        identifier = identifier(**config)
    if identifier is not None and not callable(identifier):
        raise TypeError(f"A {kind} is a name, a dict with 'class_name' and 'config', or callable; not {identifier!r}.")
    return identifier


def described(value: Any) -> Any:
    """A value as plain data for ``get_config``: objects as ``{"class_name", "config"}``, functions by name."""
    if hasattr(value, "get_config") and not isinstance(value, type):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(described, value))
    if isinstance(value, Mapping):
        return {key: described(v) for key, v in value.items()}
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    return value
