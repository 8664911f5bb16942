"""Where an array lives: on the host, as numpy's arrays do, or on a GPU, as CuPy's do.

Rules, the walk and the optimisers are calls of numpy's functions and of arrays' own methods, and CuPy's arrays answer both, so
nothing but this file knows of GPUs: it moves arrays. Another library that speaks numpy's protocols joins by ``register``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from .errors import DeviceError, MissingExtraError

__all__ = ["HOST", "Library", "beside", "device_of", "host", "moved", "register", "together"]

HOST = "cpu"


class Library(NamedTuple):
    """An array library beside numpy.

    kind : its class of arrays.          put : (host array, device) -> a copy on the device
    get : (array) -> a copy on the host          where : (array) -> its device, such as "cuda:0"
    """

    kind: type
    put: Callable[[Any, str], Any]
    get: Callable[[Any], Any]
    where: Callable[[Any], str]


def cupy() -> Library:
    """CuPy, on NVIDIA's GPUs."""
    try:
        import cupy as cp  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise MissingExtraError("CuPy", "gpu", "The device 'cuda'") from error

    def put(array: Any, device: str) -> Any:
        _, _, number = device.partition(":")
        try:
            with cp.cuda.Device(int(number or 0)):
                return cp.array(array)
        except cp.cuda.runtime.CUDARuntimeError as error:
            raise DeviceError(f"{device!r} cannot be used: {error}.") from error

    return Library(cp.ndarray, put, lambda array: array.get(), lambda array: f"cuda:{array.device.id}")


OPENERS: dict[str, Callable[[], Library]] = {"cuda": cupy}  # by the first part of a device's name
OPEN: dict[str, Library] = {}


def register(name: str, opener: Callable[[], Library]) -> None:
    """Make ``tensor.to(name)`` use a library; ``opener`` is called the first time."""
    OPENERS[name] = opener
    OPEN.pop(name, None)


def library(device: str) -> Library:
    """The library of a device."""
    name = device.partition(":")[0]
    if name not in OPEN:
        if name not in OPENERS:
            raise DeviceError(f"No device is called {device!r}. There is {HOST!r}, {', '.join(map(repr, OPENERS))}.")
        OPEN[name] = OPENERS[name]()
    return OPEN[name]


def owner_of(array: Any) -> Library | None:
    """The library that an array belongs to; None for numpy."""
    if type(array).__module__.partition(".")[0] == "cupy":  # not by ``to``, which would have opened it
        return library("cuda")
    return next((found for found in OPEN.values() if isinstance(array, found.kind)), None)


def device_of(array: Any) -> str:
    """The device that an array lives on."""
    found = None if isinstance(array, np.ndarray) else owner_of(array)
    return found.where(array) if found else HOST


def host(array: Any) -> Any:
    """An array as numpy's: itself, or a copy on the host."""
    found = None if isinstance(array, np.ndarray) else owner_of(array)
    return found.get(array) if found else array


def moved(array: Any, device: str) -> Any:
    """An array on a device: itself if it lives there, else a copy."""
    here = device_of(array)
    if device == here or (":" not in device and device == here.partition(":")[0]):
        return array
    array = host(array)
    return array if device == HOST else library(device).put(array, device)


def beside(x: Any, array: Any, dtype: Any = None) -> Any:
    """An array of the host's, such as a random draw, where the Tensor or array ``x`` lives, as one of x's library."""
    x = x.data if hasattr(x, "requires_grad") else x
    if isinstance(x, np.ndarray) and isinstance(array, np.ndarray):
        return array if dtype is None else array.astype(dtype, copy=False)  # with its class, for it may be a subclass
    return np.asarray(array, dtype, like=x)


def together(arrays: Iterable[Any]) -> None:
    """Raise DeviceError unless all arrays live on one device."""
    found = sorted({device_of(array) for array in arrays})
    if len(found) > 1:
        raise DeviceError(
            f"Arrays on different devices: {' and '.join(found)}. Move them to one first: tensor.to({found[-1]!r})."
        )
