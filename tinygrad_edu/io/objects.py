"""Objects as plain data and back: the name of a class, and the arguments that make another one.

::

    serialize(Dense(3))  ->  {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3, ...}, "registered_name": None}

A name in such data is looked up among what was registered (``names.py``). No code is stored, and none is looked for.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from ..engine import Tensor
from ..engine.errors import CheckpointError
from .names import BUILT_IN, HOMES, custom_object, custom_object_scope, get_registered_name

__all__ = ["Configured", "UnregisteredError", "check_known", "described", "deserialize", "serialize"]


class UnregisteredError(CheckpointError):
    """Data names classes or functions that nobody has registered."""


# -- to plain data -----------------------------------------------------------------------------------------------------


def serialize(value: Any, place: str = "") -> Any:
    """A value as what JSON can hold.

    value : None, numbers, strings, arrays, slices; functions and classes with a name; objects with ``get_config``; lists,
        tuples and dicts of them.          place : where it stands, for messages.
    Errors: TypeError for anything else, such as a lambda, which has no name that a file could hold.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else special("float", str(value))
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"{place or 'a dict'}: keys are strings in a file, these are {list(value)!r:.60}.")
        return {key: serialize(v, f"{place}.{key}") for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        items = [serialize(v, f"{place}[{i}]") for i, v in enumerate(value)]
        return items if isinstance(value, list) else special("tuple", items)
    if isinstance(value, np.generic):
        return serialize(value.item())
    if isinstance(value, (np.ndarray, Tensor)):
        array = value.data if isinstance(value, Tensor) else value
        kind = "tensor" if isinstance(value, Tensor) else "numpy"
        return special(kind, {"value": array.tolist(), "dtype": array.dtype.name})
    if isinstance(value, slice):
        return special("slice", [value.start, value.stop, value.step])
    if value is Ellipsis:
        return special("ellipsis", None)
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return np.dtype(value).name
    return named(value, place)


def named(value: Any, place: str) -> Any:
    """A function, a class or an object as the name of one and the arguments that make another."""
    if hasattr(value, "get_config") and not isinstance(value, type):
        config = serialize(value.get_config(), f"{place} {type(value).__name__}".strip())
        return {**address(type(value)), "config": config}
    if callable(value) and getattr(value, "__name__", "<lambda>") != "<lambda>":
        if HOMES.get(value, ("",))[0] == "keras.activations":  # by its name alone, as people write it
            return HOMES[value][1]
        kind = "class" if isinstance(value, type) else "function"
        own = address(value)
        return {
            "module": own["module"],
            "class_name": kind,
            "config": own["class_name"],
            "registered_name": own["registered_name"],
        }
    what = "a lambda, and no code is stored" if callable(value) else f"a {type(value).__name__} without get_config()"
    raise TypeError(
        f"{place or 'This value'} is {what}. Write a function or class with a name, and register it with "
        "@keras.saving.register_keras_serializable()."
    )


def address(value: Any) -> dict[str, Any]:
    """Where a class or function is found again."""
    if value in HOMES and custom_name(value) is None:
        module, name = HOMES[value]
        return {"module": module, "class_name": name, "registered_name": None}
    return {"module": None, "class_name": value.__name__, "registered_name": get_registered_name(value)}


def custom_name(value: Any) -> str | None:
    """The name that a user has given a class or function."""
    name = get_registered_name(value)
    return name if custom_object(name) is value else None


def special(kind: str, config: Any) -> dict[str, Any]:
    """What JSON has no word for."""
    return {"class_name": f"__{kind}__", "config": config}


def described(value: Any) -> Any:
    """A value as plain data for ``get_config``; as it is where there is no plain data for it."""
    try:
        return serialize(value)
    except TypeError:
        return value


# -- and back ----------------------------------------------------------------------------------------------------------


def deserialize(
    data: Any, custom_objects: Mapping[str, Any] | None = None, known: Mapping[str, Any] | None = None
) -> Any:
    """What ``serialize`` made the data from; what is no data, such as a layer, is returned as it is.

    custom_objects : more classes and functions by name.          known : where to look for a class without a module.
    Errors: UnregisteredError for names that nobody has registered; CheckpointError for what is no such data.
    """
    if custom_objects:
        with custom_object_scope(custom_objects):
            return deserialize(data, known=known)
    if isinstance(data, list):
        return [deserialize(v) for v in data]
    if not isinstance(data, dict):
        return data
    if "class_name" not in data or "config" not in data:
        return {key: deserialize(v) for key, v in data.items()}
    word, config = data["class_name"], data["config"]
    if isinstance(word, str) and word.startswith("__"):
        return SPECIAL[word](config) if word in SPECIAL else data
    found = look_up(data, known)
    if found is None:
        raise UnregisteredError(advice([data]))
    if word in ("function", "class"):
        return found
    if not isinstance(config, dict):
        raise CheckpointError(f"{word}: its config is a dict of arguments, not {config!r:.60}.")
    maker = getattr(found, "from_config", None)
    if maker is None:
        return found(**deserialize(config))
    return maker(config if wants_data(found) else {key: deserialize(v) for key, v in config.items()})


def look_up(data: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> Any:
    """The class or function that data names; None if nobody has registered it."""
    word = data["config"] if data["class_name"] in ("function", "class") else data["class_name"]
    if not isinstance(word, str):
        raise CheckpointError(f"a name is a string, not {word!r:.60}.")
    for name in (data.get("registered_name"), word):
        custom = custom_object(name) if isinstance(name, str) else None
        if custom is not None:
            return custom
    module = data.get("module")
    if isinstance(module, str):
        return BUILT_IN.get(module, {}).get(word)
    if known is not None:
        return known.get(word)
    return next((names[word] for names in BUILT_IN.values() if word in names), None) if "module" not in data else None


def wants_data(cls: Any) -> bool:
    """Whether a class's ``from_config`` takes plain data: a user's own does, as Keras has it, and that of models."""
    home = next(c for c in cls.__mro__ if "from_config" in vars(c))
    return getattr(cls, "reads_data", False) or home.__module__.split(".")[0] != __name__.split(".")[0]


def check_known(data: Any) -> None:
    """Refuse data that names what nobody has registered, all of it at once.

    Errors: UnregisteredError with the line that registers each.
    """
    unknown: list[Any] = []
    stack = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            word = value.get("class_name")
            if isinstance(word, str) and "config" in value and not word.startswith("__") and look_up(value) is None:
                unknown.append(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    if unknown:
        raise UnregisteredError(advice(unknown))


def advice(unknown: list[Any]) -> str:
    """What to type for names that nobody has registered."""
    lines = {}
    for data in unknown:
        what = data["class_name"] if data["class_name"] in ("function", "class") else "class"
        word = data["config"] if data["class_name"] in ("function", "class") else data["class_name"]
        registered = data.get("registered_name")
        package, _, name = (registered if isinstance(registered, str) else "").rpartition(">")
        arguments = f"package={package!r}" if package not in ("", "Custom") else ""
        if name not in ("", word):
            arguments += f"{', ' if arguments else ''}name={name!r}"
        line = f"@keras.saving.register_keras_serializable({arguments})"
        if word == "Lambda" and data.get("module") == "keras.layers":
            line = "a Lambda layer is code, which no file here holds; write a layer class"
        lines[f"{what} {word}"[:120]] = line[:200]
    width = max(map(len, lines))
    listed = "\n".join(f"  {what:{width}}  {line}" for what, line in lines.items())
    return (
        "nobody has registered what this names. Put the line beside each above its definition, and import that before "
        f"loading; or give custom_objects={{'Name': Name}}.\n{listed}"
    )


def array(config: Any) -> Any:
    """An array of numbers or bools."""
    dtype = np.dtype(config["dtype"])
    if dtype.kind not in "biufc":
        raise CheckpointError(f"an array of {dtype} is none that is stored.")
    return np.array(config["value"], dtype)


SPECIAL: dict[str, Callable[[Any], Any]] = {
    "__tuple__": lambda items: tuple(deserialize(items)),
    "__float__": float,
    "__numpy__": array,
    "__tensor__": lambda config: Tensor(array(config)),
    "__slice__": lambda ends: slice(*ends),
    "__ellipsis__": lambda _: Ellipsis,
}


# -- what classes share ------------------------------------------------------------------------------------------------


class Given:
    """The arguments that an object was made with. It is no container, so modules among them are not found as parts."""

    __slots__ = ("args", "kwargs")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args, self.kwargs = args, kwargs

    def __deepcopy__(self, memo: Any) -> Given:
        """The same: copies were made with the same arguments, some of which (a file, a lock) cannot be copied."""
        return self


class Configured:
    """Objects that remember the arguments they were made with, so that ``get_config`` need not be written by hand."""

    _given = Given((), {})

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Note the arguments."""
        self = super().__new__(cls)
        self._given = Given(args, kwargs)
        return self

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another one like this, as plain data, defaults included."""
        signature = inspect.signature(type(self).__init__)
        several = next((n for n, p in signature.parameters.items() if p.kind is p.VAR_POSITIONAL), None)
        bound = signature.bind(self, *self._given.args, **self._given.kwargs)
        if several in bound.arguments:  # then all before them were given by place as well
            return described({"*": list(self._given.args), **self._given.kwargs})  # type: ignore[no-any-return]
        bound.apply_defaults()
        config: dict[str, Any] = {}
        for name, value in list(bound.arguments.items())[1:]:
            if name != several:
                config |= value if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD else {name: value}
        return {name: described(value) for name, value in config.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Another one with the same arguments."""
        given = {name: deserialize(value) for name, value in config.items()}
        return cls(*given.pop("*", ()), **given)
