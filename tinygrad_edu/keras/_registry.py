"""Objects by their Keras names: what ``initializers.get``, ``regularizers.get`` and their like share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from ..engine.errors import UnknownNameError
from ..io.names import built_in, custom_object, custom_object_scope
from ..io.objects import described, deserialize, look_up

__all__ = ["described", "find", "getter", "reader"]


def find(kind: str, identifier: Any, known: Mapping[str, Any]) -> Any:
    """What an identifier means.

    identifier : None; a name; ``{"class_name": ..., "config": {...}}``; a class; or the thing itself.
    known : classes and functions by name; a class that a name stands for is made with its defaults. Names that a user has
        registered come first.
    Errors: UnknownNameError with the nearest name.
    """
    if isinstance(identifier, Mapping):
        if "class_name" not in identifier:
            raise TypeError(f"A {kind} as a dict has the keys 'class_name' and 'config', not {sorted(identifier)}.")
        data = {"config": {}, **identifier}
        if look_up(data, known) is None:
            raise UnknownNameError(kind, str(data["class_name"]), known)
        identifier = deserialize(data, known=known)
    if isinstance(identifier, str):
        custom = custom_object(identifier)
        if custom is None and identifier not in known:
            raise UnknownNameError(kind, identifier, known)
        identifier = known[identifier] if custom is None else custom
    if isinstance(identifier, type):
        identifier = identifier()
    if identifier is not None and not (callable(identifier) or hasattr(identifier, "get_config")):
        raise TypeError(f"A {kind} is a name, a dict with 'class_name' and 'config', or callable; not {identifier!r}.")
    return identifier


def reader(kind: str, known: Mapping[str, Any], plural: str = "") -> Callable[..., Any]:
    """The function ``deserialize`` of ``keras.<plural>``, in whose name ``known`` becomes known."""
    built_in(f"keras.{plural or kind + 's'}", known)

    def read(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """What ``serialize`` made this from.

        custom_objects : more classes and functions by name.
        """
        with custom_object_scope(custom_objects):
            return find(kind, config, known)

    return read


def getter(get: Callable[[Any], Any], read: Callable[..., Any]) -> Callable[[Any], Any]:
    """The function ``get`` of a submodule: what ``get`` of the room below takes, and ``{"class_name": ..., "config": ...}``."""

    @functools.wraps(get)
    def get_either(identifier: Any) -> Any:
        return get(read(identifier) if isinstance(identifier, Mapping) and "class_name" in identifier else identifier)

    return get_either
