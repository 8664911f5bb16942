"""The dtype law: float32 in, float32 out, whatever scalars and counts take part."""

from __future__ import annotations

from typing import Any

import numpy as np

from .device import together
from .errors import DTypeError, RuleError
from .rule import Op, flat, holds_tensor, raw
from .tensor import Array, Tensor

FLOATS = "fc"
USUAL = (np.dtype(np.float32), np.dtype(np.float64))
ndarray = np.ndarray
PLAIN = {int, float, bool, str, slice, type(None), type(...)}  # types of arguments that are passed on as they are


def bare(op: Op, args: tuple[Any, ...]) -> tuple[Any, Any]:
    """The common dtype and the bare arguments; no arguments (None) if there is no Tensor among them.

    The frequent case in one pass: Tensors and arrays of one float dtype beside options and integer labels, which may be
    Tensors too, as ``fit`` has them (half the calls of a cross-entropy were spent on finding that they do not count).
    """
    common: Any = None
    recorded = False
    values = []
    for v in args:
        kind = v.__class__
        if kind in PLAIN or (kind is tuple and PLAIN.issuperset(map(type, v))):
            values.append(v)
            continue
        if kind is ndarray:
            array = v
        elif isinstance(v, Tensor):
            array, recorded = v.data, True
            if array.__class__ is not ndarray:
                return mixed(op, args)
        else:
            return mixed(op, args)
        dtype = array.dtype
        if dtype is not common and dtype.kind not in "iub":
            if common is not None or not array.ndim or dtype.kind != "f":
                return mixed(op, args)
            common = dtype
        values.append(array)
    return (common, values) if recorded and common is not None else mixed(op, args)


def mixed(op: Op, args: tuple[Any, ...]) -> tuple[Any, Any]:
    """The same for arguments of every other kind."""
    if not any(map(holds_tensor, args)):
        for v in args:
            allowed(op, v.dtype if isinstance(v, ndarray) else None)
        return None, None
    together(raw(v) for v in flat(args) if isinstance(v, Tensor) or hasattr(v, "__array_function__"))
    common = allowed(op, common_dtype(args))
    return common, [unwrap(v, common) for v in args]


def common_dtype(args: tuple[Any, ...]) -> Any:
    """The float dtype that a result must have, or None if no float Tensor came in.

    Tensors and arrays of rank >= 1 promote as in numpy; a 0-d Tensor counts only if there are none of those. Python
    numbers, numpy scalars, 0-d arrays and integers never count (numpy 2 would let np.float64(2) turn float32 into float64).
    """
    strong, weak = set(), set()
    for v in flat(args):
        array = v.data if isinstance(v, Tensor) else v
        if isinstance(array, complex):
            weak.add(np.dtype(np.complex64))
        elif not isinstance(array, np.generic) and getattr(getattr(array, "dtype", None), "kind", "-") in FLOATS:
            if array.ndim:
                strong.add(array.dtype)
            elif array is not v:
                weak.add(array.dtype)
    if strong and any(d.kind == "c" for d in weak):
        strong.add(np.dtype(np.complex64))
    found = strong or weak
    return np.result_type(*found) if len(found) > 1 else next(iter(found), None)


def allowed(op: Op, common: Any) -> Any:
    """The common dtype, unless it is complex and the op is real."""
    if common is not None and common.kind == "c" and not (op.analytic or op.own_dtype):
        raise DTypeError(
            f"{op.name}: complex numbers, for which its value or derivative would be wrong. Compute with the real and the "
            "imaginary part as two Tensors, or declare @op(analytic=True) if the rule is that of a holomorphic function."
        )
    return common


def unwrap(v: Any, common: Any) -> Any:
    """The bare array of an argument; scalars made weak, so that numpy's own promotion keeps the common dtype."""
    if isinstance(v, Tensor):
        v = v.data
    elif isinstance(v, np.generic) and v.dtype.kind in "biufc":
        return v.item()
    elif holds_tensor(v):
        return type(v)(unwrap(u, common) for u in v)
    if common is not None and isinstance(v, np.ndarray) and not v.ndim and v.dtype.kind in FLOATS and v.dtype != common:
        return v.astype(np.result_type(common, np.complex64) if v.dtype.kind == "c" else common)
    return v


def lawful(op: Op, out: Any, common: Any) -> Array:
    """A result as the law wants it: an array, never a numpy scalar, and of the common dtype if it is floating."""
    if out.__class__ is np.ndarray and out.dtype is common:
        return out
    if not hasattr(out, "shape") or isinstance(out, np.generic):
        out = np.asarray(out)
    if out.dtype.kind not in "biufc":
        raise RuleError(f"{op.name}: the rule returned values of dtype {out.dtype}; expected an array of numbers.")
    if common is not None and out.dtype.kind == "f" and out.dtype != common and common.kind == "f":
        out = out.astype(common)
    return out
