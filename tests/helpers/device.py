"""An array library that stands in for one on a GPU: it speaks numpy's protocols and refuses to become a host array.

Where CuPy is, its arrays answer numpy's functions, and mixing them with host arrays is an error. So does ``DeviceArray``, on
any machine: an op that creates a bare numpy array inside, converts one silently, or calls what CuPy has not, fails here as it
would there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from helpers.cupy_surface import see_function, see_method, see_ufunc

from tinygrad_edu.engine import device
from tinygrad_edu.engine.errors import DeviceError, MissingExtraError

__all__ = ["DEVICES", "DeviceArray", "HostError", "needed", "on_device", "on_host", "standing_in"]


DEVICES = ["standin", pytest.param("cuda", marks=pytest.mark.gpu)]
TRANSFERS = (np.array, np.asarray)


class HostError(TypeError):
    """A host array where a device array belongs."""


class DeviceArray:
    """An array on the stand-in device. ``.get()`` copies it to the host; nothing else does."""

    __slots__ = ("__weakref__", "_base", "_host")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, host: np.ndarray, base: DeviceArray | None = None) -> None:
        self._host, self._base = host, base

    def get(self) -> np.ndarray:
        """A copy on the host."""
        return self._host.copy()

    def item(self) -> Any:
        """The one entry as a Python number."""
        return self._host.item()

    def tolist(self) -> Any:
        """Python numbers."""
        return self._host.tolist()

    def __repr__(self) -> str:
        return f"DeviceArray({self._host!r})"

    # what a GPU array refuses, or does one number at a time
    def __array__(self, *_: Any, **__: Any) -> Any:
        raise HostError("Implicit conversion of a device array to a host array.")

    def __bool__(self) -> bool:
        return bool(self._host)

    def __float__(self) -> float:
        return float(self._host)

    def __int__(self) -> int:
        return int(self._host)

    def __index__(self) -> int:
        return self._host.__index__()

    def __complex__(self) -> complex:
        return complex(self._host)

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Any:
        return (wrapped(v) for v in self._host)

    # numpy's protocols
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        see_ufunc(ufunc.__name__, method, options)
        if out is not None:
            options["out"] = tuple(None if o is None else bare(o) for o in out)
        result = getattr(ufunc, method)(*map(bare, inputs), **options)
        if out is not None:
            return out[0] if len(out) == 1 else out
        return wrapped(result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(t, (DeviceArray, np.ndarray)) for t in types):
            return NotImplemented  # a Tensor answers
        if any(issubclass(t, np.ndarray) for t in types) and function not in TRANSFERS:
            raise HostError(f"{function.__name__}: host and device arrays mixed: {[t.__name__ for t in types]}.")
        see_function(function, args, kwargs)
        if function is np.where and not isinstance(args[0], DeviceArray):
            raise HostError("CuPy's where takes the condition as an array.")
        if function is np.select and not all(isinstance(c, DeviceArray) for c in args[1]):
            raise HostError("CuPy's select takes the choices as arrays.")
        if function in TRANSFERS:  # said in so many words, so allowed
            return wrapped(function(*map(on_host, args), **kwargs))
        out = kwargs.get("out")
        result = function(*opened(args), **{k: opened(v) for k, v in kwargs.items()})
        return out if out is not None else wrapped(result)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # __array_interface__ and its like would be ways to the host
            raise AttributeError(name)
        value = getattr(self._host, name)
        if callable(value):
            return lambda *args, **kwargs: answered(self, value, args, kwargs)
        return wrapped(value) if isinstance(value, np.ndarray) else value

    @property
    def base(self) -> DeviceArray | None:
        """The array whose memory this views."""
        return self._base

    @property
    def T(self) -> DeviceArray:  # noqa: N802
        """Transposed view."""
        return view(self._host.T, self)

    def __getitem__(self, index: Any) -> Any:
        return view(self._host[opened(index)], self)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._host[opened(index)] = bare(value)


def _operator(name: str) -> Any:
    def method(self: DeviceArray, *others: Any) -> Any:
        if any(hasattr(o, "node") for o in others):  # a Tensor answers itself
            return NotImplemented
        result = getattr(self._host, name)(*map(bare, others))
        if name.startswith("__i") and name != "__invert__":
            return self
        return result if result is NotImplemented else wrapped(result)

    return method


for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
):
    for _kind in ("", "r", "i"):
        setattr(DeviceArray, f"__{_kind}{_name}__", _operator(f"__{_kind}{_name}__"))
for _name in ("neg", "pos", "abs", "invert", "eq", "ne", "lt", "le", "gt", "ge"):
    setattr(DeviceArray, f"__{_name}__", _operator(f"__{_name}__"))


def bare(v: Any) -> Any:
    """The memory behind an operand; numbers may take part, host arrays may not."""
    if isinstance(v, DeviceArray):
        return v._host
    if isinstance(v, np.ndarray):
        raise HostError(f"A host array of shape {v.shape} where a device array belongs.")
    return v


def opened(v: Any) -> Any:
    """The memory behind every array of an argument."""
    if isinstance(v, (list, tuple)) and any(isinstance(u, (DeviceArray, list, tuple, np.ndarray)) for u in v):
        return type(v)(map(opened, v)) if not hasattr(v, "_fields") else type(v)(*map(opened, v))
    return bare(v)


def wrapped(v: Any) -> Any:
    """Results, numpy's scalars among them, as device arrays."""
    if isinstance(v, (np.ndarray, np.generic)):
        return DeviceArray(np.asarray(v))
    if isinstance(v, (list, tuple)) and any(isinstance(u, (np.ndarray, np.generic)) for u in v):
        return type(v)(map(wrapped, v)) if not hasattr(v, "_fields") else type(v)(*map(wrapped, v))
    return v


def view(v: Any, of: DeviceArray) -> Any:
    """A result that may share memory with ``of``."""
    if isinstance(v, np.ndarray) and np.shares_memory(v, of._host):
        return DeviceArray(v, of if of._base is None else of._base)
    return wrapped(v)


def answered(of: DeviceArray, method: Any, args: Any, kwargs: Any) -> Any:
    """A method of the memory, its result again on the device."""
    see_method(method.__name__, args, kwargs)
    result = method(*opened(args), **{k: opened(v) for k, v in kwargs.items()})
    return view(result, of) if isinstance(result, np.ndarray) else wrapped(result)


@contextmanager
def standing_in(name: str) -> Iterator[None]:
    """The stand-in as a device that Tensors and models can be moved to, inside a ``with`` block."""
    library = device.Library(DeviceArray, lambda array, _: DeviceArray(array.copy()), DeviceArray.get, lambda _: name)
    device.register(name, lambda: library)
    try:
        yield
    finally:
        del device.OPENERS[name]
        device.OPEN.pop(name, None)


def needed(where: str) -> None:
    """Skip a test of a device that this machine does not have; the stand-in is everywhere."""
    try:
        device.moved(np.zeros(1), where)
    except (MissingExtraError, DeviceError) as error:
        pytest.skip(str(error))


def on_device(v: Any) -> Any:
    """Every host array of a structure, copied to the device."""
    if isinstance(v, np.ndarray):
        return DeviceArray(v.copy())
    return type(v)(map(on_device, v)) if type(v) in (list, tuple) else v


def on_host(v: Any) -> Any:
    """Every device array of a structure, copied to the host."""
    if isinstance(v, DeviceArray):
        return v.get()
    return type(v)(map(on_host, v)) if type(v) in (list, tuple) else v
