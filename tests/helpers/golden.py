"""Writes the golden file of the present format version, once: ``python -m tests.helpers.golden``.

A file that is there stays as it is: what was written once must load for ever. Every kind of value and dtype is in it.
"""

from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[1] / "io" / "golden"
DTYPES = [
    "|b1",
    "|i1",
    "<i2",
    "<i4",
    "<i8",
    "|u1",
    "<u2",
    "<u4",
    "<u8",
    "<f2",
    "<f4",
    "<f8",
    "<c8",
    "<c16",
    ">i4",
    ">f8",
    "|S3",
    "<U2",
    "<M8[s]",
    "<m8[ms]",
]


def golden_state() -> dict[str, Any]:
    """What the files hold. It may grow with a new version; what an older file has, it keeps."""
    return {
        "model": {"0.weight": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3), "0.bias": np.zeros(3, np.float32)},
        "optimizer": {
            "iterations": np.array(7),
            "velocity": [np.full((2, 3), 0.5, np.float32), np.ones(3, np.float32)],
        },
        "rng": np.random.Generator(np.random.PCG64(1)).bit_generator.state,
        "dtypes": {dtype: np.array([0, 1, 0]).astype(dtype) for dtype in DTYPES},
        "shapes": [np.array(2.5), np.zeros((0, 3)), np.zeros((1,) * 5)],
        "values": [None, True, 12, 0.1, "text é \x00", {}, [], ()],
        "special": ("a", (float("nan"), float("inf"), [float("-inf")])),
        "names": {"": np.array(1), ".": np.array(2), "..": {"/etc": np.array(3)}, "a b/é": np.array(4)},
        "epoch": 3,
    }


if __name__ == "__main__":
    from tinygrad_edu.io import _format

    path = FOLDER / f"version_{_format.VERSION}.npz"
    with path.open("xb") as file:
        _format.write(file, golden_state())
