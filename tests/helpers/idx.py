"""An IDX writer, so that tests can make good and bad files."""

import gzip
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def idx_header(code: int, shape: Sequence[int]) -> bytes:
    """00 00, dtype code, ndim, sizes."""
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape)


def idx_bytes(array: np.ndarray) -> bytes:
    """The whole content of an IDX file."""
    return idx_header(CODES[array.dtype.name], array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_idx(path: Path, array: np.ndarray) -> Path:
    """Write `array`, compressed if the name ends in .gz; give the path back."""
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path
