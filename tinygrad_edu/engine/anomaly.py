"""What ``detect_anomaly`` does: where each value came from, whether it is finite, whether somebody wrote to it since."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .errors import AnomalyError, InPlaceError
from .tensor import ARGS, EDGES, OP, TRACE, Tensor

PACKAGE = str(Path(__file__).resolve().parent.parent)


class Trace:
    """The source line of a recorded op, and fingerprints of the arrays that its pullbacks may need."""

    __slots__ = ("line", "prints")

    def __init__(self, line: str, arrays: list[Any]) -> None:
        self.line = line
        self.prints = [fingerprint(a) for a in arrays]

    def verify(self, node: Any) -> None:
        """Raise if an array differs from when the op was recorded."""
        arrays = values(node[ARGS])
        for i, (array, before) in enumerate(zip(arrays, self.prints, strict=True)):
            if fingerprint(array) != before:
                raise InPlaceError(
                    f"{node[OP].name} ({self.line}): array {i} among its inputs was written to, with numpy, after the op was "
                    "recorded, so its gradient would be wrong. Write to a copy."
                )


def watch(op: Any, args: tuple[Any, ...], result: Any) -> None:
    """Called with each result made in anomaly mode: refuse a new NaN or infinity, and attach a Trace to the node."""
    line = source_line()
    inputs = values(args)
    for t in result if isinstance(result, tuple) else (result,):
        if not all_finite(t.data) and all(map(all_finite, inputs)):
            raise AnomalyError(
                f"{op.name} ({line}) made the first {kind(t.data)}, at index {where(t.data)}; its inputs were finite."
            )
        if t.node is not None:
            t.node = (*t.node[: EDGES + 1], Trace(line, values(t.node[ARGS])))


def check_gradient(g: Any, node: Any) -> None:
    """Refuse a gradient that is not finite."""
    array = g.data if isinstance(g, Tensor) else g
    if isinstance(array, np.ndarray) and not all_finite(array):
        line = f" ({node[TRACE].line})" if len(node) > TRACE else ""
        raise AnomalyError(
            f"The gradient of {node[OP].name}{line} has the first {kind(array)}, at index {where(array)}."
        )


def values(args: tuple[Any, ...]) -> list[Any]:
    """The arrays among the arguments, those in lists included."""
    found = []
    for v in args:
        for u in v if isinstance(v, (list, tuple)) else (v,):
            array = u.data if isinstance(u, Tensor) else u
            if isinstance(array, np.ndarray):
                found.append(array)
    return found


def fingerprint(array: Any) -> int:
    """A checksum of the bytes."""
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def all_finite(array: Any) -> bool:
    """Whether there is no NaN and no infinity; integers always are finite."""
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def kind(array: Any) -> str:
    """What to call the entry that is not finite."""
    return "NaN" if np.isnan(array).any() else "infinity"


def where(array: Any) -> tuple[int, ...]:
    """The index of the first entry that is not finite."""
    return tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])


def source_line() -> str:
    """File and line of the caller outside the package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
