"""Checking a state dict before anything is written: a state that does not fit changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine import Array
from ..engine.errors import CheckpointError

SHOWN = 20  # lines of differences that an error lists


def fitting(own: Mapping[str, Array], given: Mapping[str, Any], what: str, strict: bool = True) -> dict[str, Array]:
    """Those arrays of ``given`` that belong into ``own``, each of the name, shape and dtype that is there.

    own, given : name -> array.          what : whose state it is, for the message.
    strict : also refuse names that only one side has.
    Errors: CheckpointError with the differences of both sides. A shape that would broadcast is as wrong as any other.
    """
    arrays = {name: np.asarray(value) for name, value in given.items()}
    wrong = []
    if strict:
        wrong += [f"only in {what}: {name} {a.shape} {a.dtype}" for name, a in own.items() if name not in arrays]
        wrong += [f"only in the state: {name} {a.shape} {a.dtype}" for name, a in arrays.items() if name not in own]
    both = [(name, mine, arrays[name]) for name, mine in own.items() if name in arrays]
    wrong += [
        f"{name} is {mine.shape} {mine.dtype} in {what}, {new.shape} {new.dtype} in the state"
        for name, mine, new in both
        if (mine.shape, mine.dtype) != (new.shape, new.dtype)
    ]
    if wrong:
        more = [f"... and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
        lines = "\n  ".join(wrong[:SHOWN] + more)
        raise CheckpointError(f"This state does not fit {what}; nothing was changed.\n  {lines}")
    return {name: new for name, _, new in both}
