"""Keras's arguments for the functions of ``tinygrad_edu.ops``, where numpy's or our own have other names or places."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any

from .. import ops

__all__ = ["ARRANGED", "arranged"]

PAIRS = """
    add allclose arctan2 divide dot equal floor_divide fmax fmin fmod greater greater_equal hypot inner isclose kron less less_equal
    logaddexp logaddexp2 logical_and logical_or logical_xor matmul maximum minimum mod multiply not_equal outer power subtract vdot
""".split()  # noqa: SIM905 - a list of words reads better without quotes
REDUCTIONS = "all any argmax argmin logsumexp max mean median min nanmean nansum ptp std sum var".split()  # noqa: SIM905
SINGLE = "isfinite isinf isnan logical_not signbit".split()  # noqa: SIM905
OTHERS = {
    "argpartition": "x, kth, axis=-1",
    "argsort": "x, axis=-1",
    "average": "x, axis=None, weights=None",
    "clip": "x, x_min, x_max",
    "count_nonzero": "x, axis=None",
    "diff": "a, n=1, axis=-1",
    "getitem": "x, key",
    "norm": "x, ord=None, axis=None, keepdims=False",
    "prod": "x, axis=None, keepdims=False, dtype=None",
    "quantile": "x, q, axis=None, keepdims=False",
    "percentile": "x, q, axis=None, keepdims=False",
    "reshape": "x, newshape",
    "rot90": "array, k=1, axes=(0, 1)",
    "searchsorted": "sorted_sequence, values, side='left'",
    "stack": "x, axis=0",
    "tensordot": "x1, x2, axes=2",
    "tile": "x, repeats",
}


def arranged(function: Callable[..., Any], text: str, name: str) -> Callable[..., Any]:
    """A function with these arguments, of which it gets those without a default by place, the others by name.

    text : the arguments as Python has them between brackets. An axis may be a list, as it may in Keras.
    """
    arguments = ast.parse(f"lambda {text}: 0", mode="eval").body.args  # type: ignore[attr-defined]
    defaults = [inspect.Parameter.empty] * (len(arguments.args) - len(arguments.defaults))
    defaults += map(ast.literal_eval, arguments.defaults)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(a.arg, kind, default=d) for a, d in zip(arguments.args, defaults)])
    required = [a.arg for a, d in zip(arguments.args, defaults) if d is inspect.Parameter.empty]

    def call(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and len(args) == len(required):  # 3 us less
            return function(*args)
        given = dict(signature.bind(*args, **kwargs).arguments)
        first = [given.pop(argument) for argument in required]
        if isinstance(given.get("axis"), list):
            given["axis"] = tuple(given["axis"])
        return function(*first, **given)

    call.__doc__, call.__signature__ = function.__doc__, signature  # type: ignore[attr-defined]
    call.__name__ = call.__qualname__ = name
    return call


ARRANGED = {
    name: arranged(getattr(ops, name), text, name)
    for name, text in {
        **dict.fromkeys(PAIRS, "x1, x2"),
        **dict.fromkeys(("allclose", "isclose"), "x1, x2, rtol=1e-05, atol=1e-08, equal_nan=False"),
        **dict.fromkeys(REDUCTIONS, "x, axis=None, keepdims=False"),
        **dict.fromkeys(SINGLE, "x"),
        **OTHERS,
    }.items()
}
