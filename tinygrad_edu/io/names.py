"""Classes and functions by the names that files may use: the package's own, and those that users register.

Nothing is imported for a name, so data from a stranger can only ask for what is there already.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = [
    "BUILT_IN", "HOMES", "built_in", "custom_object", "custom_object_scope", "get_custom_objects", "get_registered_name",
    "get_registered_object", "register_keras_serializable",
]  # fmt: skip

T = TypeVar("T")
BUILT_IN: dict[str, dict[str, Any]] = {}  # module -> name -> class or function
HOMES: dict[Any, tuple[str, str]] = {}  # class or function -> module and name
REGISTERED: dict[str, Any] = {}  # "package>name" -> class or function: what get_custom_objects() gives
NAMES: dict[Any, str] = {}  # the other way round
_scope: ContextVar[Mapping[str, Any]] = ContextVar("tinygrad_edu.custom_objects", default={})  # noqa: B039 - never written to


def built_in(module: str, known: Mapping[str, Any]) -> None:
    """Make the package's own classes and functions known under their names."""
    BUILT_IN.setdefault(module, {}).update(known)
    for name, value in known.items():
        if value not in HOMES or name == getattr(value, "__name__", None):
            HOMES[value] = (module, name)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """A decorator for a class (with ``get_config``) or a function, so that files may name it: ``package>name``."""

    def register(value: T) -> T:
        if inspect.isclass(value) and not hasattr(value, "get_config"):
            raise ValueError(f"register_keras_serializable: {value.__name__} needs a method get_config().")
        word = f"{package}>{name or getattr(value, '__name__', type(value).__name__)}"
        REGISTERED[word], NAMES[value] = value, word
        return value

    return register


def get_custom_objects() -> dict[str, Any]:
    """What is registered by name, for the whole process; it may be written to."""
    return REGISTERED


@contextmanager
def custom_object_scope(*custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Make classes and functions known under the names in dicts, inside a ``with`` block."""
    merged = dict(_scope.get())
    for objects in custom_objects:
        merged |= objects or {}
    token = _scope.set(merged)
    try:
        yield
    finally:
        _scope.reset(token)


def get_registered_name(value: Any) -> str:
    """The name that a class or function is registered under; its own if it is not."""
    scope = next((name for name, known in _scope.get().items() if known is value), None)
    return scope or NAMES.get(value) or str(value.__name__)


def custom_object(name: Any) -> Any:
    """The class or function that a user has given this name, with or without its package; None if there is none."""
    for known in (_scope.get(), REGISTERED):
        if name in known:
            return known[name]
    return None


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """The class or function of this name: a user's, or one of ``module_objects``; None if there is none."""
    with custom_object_scope(custom_objects):
        found = custom_object(name)
    return found if found is not None else (module_objects or {}).get(name)
