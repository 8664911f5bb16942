"""An op keeps the precision of its inputs: no wider results, no narrower ones, no NaN from a smaller range."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Op, Tensor
from ..engine.domain import Sample
from ..engine.walk import walk
from .call import Call, require
from .conduct import gradients

__all__ = ["dtypes"]

LEFT_OVER = 1e-6  # numbers below this may be what rounding leaves of 0, which has few digits anyway


def dtypes(op: Op, sample: Sample) -> None:
    """float32 in, float32 out and float32 gradients, also of gradients; float64 to its last digits; no NaN in float32 alone."""
    call = Call(op, sample)
    if not call.arrays:
        return
    clean: dict[Any, bool] = {}
    for dtype in (np.float64, np.float32):
        with np.errstate(all="ignore"):
            inputs = [a.astype(np.float32).astype(dtype) for a in call.arrays]
            _, results, grads = gradients(call, inputs)
            first = [(name, g) for name, g in zip(call.names, grads, strict=True) if g is not None]
            second = second_gradients(call, inputs)
        for r in results:
            require(op.own_dtype or r.dtype == dtype, op, call, f"{np.dtype(dtype)} in, but {r.dtype} out.")
        for name, g in first + second:
            require(g.dtype == dtype, op, call, f"{np.dtype(dtype)} in, but the gradient of {name} is {g.dtype}.")
        if dtype == np.float64:
            for name, g in first:
                require(
                    not narrowed(g), op, call, f"the gradient of {name} has float32's digits: something narrows it."
                )
        clean[dtype] = not any(np.isnan(v).any() for v in [*(r.data for r in results), *(g for _, g in first + second)])
    require(clean[np.float32] or not clean[np.float64], op, call, "NaN in float32, where float64 has none.")


def second_gradients(call: Call, inputs: list[Any]) -> list[tuple[str, Any]]:
    """The gradients of the sum of each gradient, with the input's name."""
    variables = [Tensor(a, requires_grad=True) for a in inputs]
    names = dict(zip(map(id, variables), call.names, strict=True))
    found = []
    for r in call.results(variables):
        if r.requires_grad:
            seed = Tensor(np.random.default_rng(7).uniform(0.5, 1.5, r.shape).astype(r.dtype))
            for _, g in walk(r, seed, inputs=variables, create_graph=True, retain_graph=True):
                if g.requires_grad:
                    pairs = walk(g, np.ones_like(g.data), inputs=variables, retain_graph=True)
                    found += [(f"a gradient, by {names[id(v)]},", h) for v, h in pairs]
    return found


def narrowed(g: Any) -> bool:
    """Whether a gradient of seeds with all digits has lost them."""
    numbers = g[np.isfinite(g) & (np.abs(g) > LEFT_OVER)]
    return bool(numbers.size and np.array_equal(numbers, numbers.astype(np.float32)))
