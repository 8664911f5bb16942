"""The ``.safetensors`` format, which PyTorch and many others read: a flat dict of arrays, and no checksums.

The package safetensors (the extra ``io``) does the work; here are its gaps: arrays that are not contiguous or not
little-endian, dtypes that numpy does not have (bfloat16 is read as float32, which loses nothing), and errors in our words.
"""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine.errors import CheckpointError, DTypeError, MissingExtraError
from ._archive import short
from ._arrays import check_bools, checked_shape
from ._tree import take_apart

__all__ = ["load", "save"]

DTYPES = {
    "BOOL": "|b1",
    **{f"I{8 * n}": f"<i{n}" for n in (2, 4, 8)},
    **{f"U{8 * n}": f"<u{n}" for n in (2, 4, 8)},
    **{f"F{8 * n}": f"<f{n}" for n in (2, 4, 8)},
    "I8": "|i1",
    "U8": "|u1",
}


def package(purpose: str) -> Any:
    """The package, or an error with the command that installs it."""
    try:
        importlib.import_module("safetensors.numpy")
    except ImportError as error:
        raise MissingExtraError("safetensors", "io", purpose) from error
    return importlib.import_module("safetensors")


def save(path: Path, state: Any) -> None:
    """Write a flat dict of arrays."""
    safetensors = package("Saving to .safetensors")
    parts = take_apart(state)
    flat = {str(keys[0]): array for keys, array in parts.arrays.items() if len(keys) == 1}
    if type(parts.tree) is not dict or len(flat) != len(parts.tree):
        raise ValueError("save: .safetensors holds a flat dict of arrays and nothing else. Save this state to .npz.")
    arrays = {}
    for name, array in flat.items():
        little = array.dtype.newbyteorder("<")
        if little.str not in DTYPES.values():
            raise DTypeError(f"save: {name!r} has dtype {array.dtype}, which .safetensors does not have. Use .npz.")
        arrays[name] = np.asarray(array, little, order="C")  # the package writes what lies in memory, as it lies there
    try:
        safetensors.numpy.save_file(arrays, path)
    except safetensors.SafetensorError as error:
        number = re.search(r"(?:os error|code:) (\d+)", str(error))  # newer releases; older ones
        code = int(number[1]) if number else 0
        raise OSError(code, os.strerror(code) if number else str(error)) from error


def load(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of a file."""
    safetensors = package("Reading .safetensors")
    arrays, raw = {}, dict[str, Any]()  # the bytes behind all names, read if there is bfloat16
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118  it is no dict
                kind, shape = file.get_slice(name).get_dtype(), file.get_slice(name).get_shape()
                if kind not in DTYPES and kind != "BF16":
                    raise CheckpointError(f"{short(name)} has dtype {kind}, which numpy does not have.")
                if checked_shape(shape, np.dtype(DTYPES.get(kind, "<u2")).itemsize) is None:
                    raise CheckpointError(f"{short(name)} has the shape {short(str(shape))}, which no array has.")
                if kind == "BF16":
                    raw = raw or dict(safetensors.deserialize(path.read_bytes()))
                    arrays[name] = widened(raw[name]["data"]).reshape(shape)
                    continue
                arrays[name] = file.get_tensor(name)
                check_bools(arrays[name], name)
    except safetensors.SafetensorError as error:
        raise CheckpointError(f"damaged, or not a .safetensors file ({error}).") from error
    return arrays


def widened(data: bytes) -> npt.NDArray[np.float32]:
    """Numbers in bfloat16, which are the first halves of those in float32, as float32."""
    return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
