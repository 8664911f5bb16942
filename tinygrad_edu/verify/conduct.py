"""How an op must behave, whatever it computes: each property takes an op and one sample, and raises if it is broken."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import NUMPY, Op, Tensor, no_grad
from ..engine.domain import Sample
from ..engine.tensor import EDGES, OP
from ..engine.walk import walk
from .call import Call, bare, close, require, show

__all__ = ["broadcasting", "gradients", "layouts", "protocol", "purity", "value"]


def value(op: Op, sample: Sample) -> None:
    """The value equals numpy's to 1e-12, or the written reference's, which may itself round once or twice."""
    reference = op.reference or (op.numpy[0] if op.numpy else None)
    if reference is None:
        return
    call = Call(op, sample)
    rounding = (
        1e-15 * max([1.0, *(float(np.max(np.abs(a), initial=0.0)) for a in call.arrays)]) if op.reference else 0.0
    )
    with np.errstate(all="ignore"):
        expected = call(call.arrays, reference)
    with no_grad():
        found = call([Tensor(a) for a in call.arrays])
    many = isinstance(found, tuple)
    pairs = zip(found, expected, strict=True) if many else ((found, expected),)
    for out, right in pairs:
        require(
            out.shape == np.shape(right), op, call, f"the value has shape {out.shape}, the reference {np.shape(right)}."
        )
        require(
            close(out.data, np.asarray(right), 1e-12, rounding),
            op,
            call,
            f"the value is {show(out.data)}, the reference {show(right)}.",
        )


# -- forms of input ----------------------------------------------------------------------------------------------------


def gradients(call: Call, inputs: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """The op on these inputs: the variables, the results, and the gradients of <fixed seeds, results>, None where none came."""
    variables = [Tensor(a, requires_grad=True) for a in inputs]
    results = call.results(variables)
    rng = np.random.default_rng(7)
    found: dict[int, Any] = {}
    for r in results:
        seed = rng.uniform(0.5, 1.5, r.shape)
        if r.requires_grad:
            for v, g in walk(r, seed, inputs=variables, retain_graph=True):
                found[id(v)] = g if id(v) not in found else found[id(v)] + g
    return variables, results, [found.get(id(v)) for v in variables]


def layouts(op: Op, sample: Sample) -> None:
    """Strided, reversed, Fortran-ordered and read-only inputs give what contiguous ones do."""
    call = Call(op, sample)
    if not call.arrays:
        return
    with np.errstate(all="ignore"):
        _, results, grads = gradients(call, call.arrays)
        for arrange in (strided, backwards, fortran, frozen):
            _, others, theirs = gradients(call, [arrange(a) for a in call.arrays])
            same = all(close(o.data, r.data, 1e-12) for o, r in zip(others, results, strict=True))
            require(same, op, call, f"another value for {arrange.__name__} input.")
            for name, a, b in zip(call.names, grads, theirs, strict=True):
                require((a is None) == (b is None), op, call, f"{name} has a gradient only in some layouts.")
                require(
                    a is None or close(b, a, 1e-12, left_over(grads)),
                    op,
                    call,
                    f"another gradient of {name} for {arrange.__name__} input.",
                )


def left_over(grads: list[Any]) -> float:
    """What rounding leaves of a gradient that is 0 in exact arithmetic, such as attention's to its only key."""
    return 1e-14 * max(float(np.max(np.abs(g), initial=0.0, where=np.isfinite(g))) for g in grads if g is not None)


def strided(a: Any) -> Any:
    """Every second entry of a larger array."""
    wide = np.full(tuple(2 * n for n in a.shape), np.nan)
    every: tuple[Any, ...] = (..., *(slice(None, None, 2) for _ in a.shape))
    view = wide[every]
    view[...] = a
    return view


def backwards(a: Any) -> Any:
    """With negative strides."""
    turn = (..., *(slice(None, None, -1) for _ in a.shape))
    return a[turn].copy()[turn]


def fortran(a: Any) -> Any:
    """First axis innermost."""
    return np.array(a, order="F")


def frozen(a: Any) -> Any:
    """Read-only."""
    view = a.copy()
    view.flags.writeable = False
    return view


def broadcasting(op: Op, sample: Sample) -> None:
    """Where inputs broadcast: repeating them by hand changes no value, and the gradients sum back to the inputs' own shapes.

    With the last axis cut to nothing, values and gradients are empty and nothing raises.
    """
    call = Call(op, sample)
    if not call.arrays or any(j is not None for _, j in call.places):
        return
    shape = broadcast([a.shape for a in call.arrays])
    with np.errstate(all="ignore"):
        _, results, grads = gradients(call, call.arrays)
        if shape is None or len(results) != 1 or results[0].shape != shape:
            return
        if any(
            isinstance(v, np.ndarray) and v.ndim
            for i, v in enumerate(map(bare, call.args))
            if (i, None) not in call.places
        ):
            return
        full = [np.broadcast_to(a, shape).copy() for a in call.arrays]
        try:
            _, wide, theirs = gradients(call, full)
        except Exception:
            return
        if wide[0].shape != shape or not close(wide[0].data, results[0].data, 1e-9):
            return
        for name, g, w, a in zip(call.names, grads, theirs, call.arrays, strict=True):
            require(
                g is not None and g.shape == a.shape, op, call, f"the gradient of {name} is not of its shape {a.shape}."
            )
            require(
                close(g, summed(w, a.shape), 1e-9, left_over(grads)),
                op,
                call,
                f"the gradient of {name} is not summed over the broadcast axes.",
            )


def broadcast(shapes: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


def summed(g: Any, shape: tuple[int, ...]) -> Any:
    """g summed to a shape that broadcasts to its own."""
    extra = g.ndim - len(shape)
    g = g.sum(axis=tuple(range(extra)))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 != g.shape[i]), keepdims=True).reshape(shape)


# -- manners -----------------------------------------------------------------------------------------------------------


def protocol(op: Op, sample: Sample) -> None:
    """Method, function and numpy's function give the same recorded result; without a Tensor the op returns a bare array."""
    call = Call(op, sample)
    with np.errstate(all="ignore"):
        plain = call(call.arrays)
        outs = plain if isinstance(plain, tuple) else (plain,)
        require(not any(isinstance(o, Tensor) for o in outs), op, call, "a Tensor came out although none went in.")
        if not call.arrays:
            return
        ways: dict[str, Any] = {}
        if op.method and call.places[0][0] == 0 and call.places[0][1] is None:
            ways[f"the method {op.method}"] = lambda x, *a, **k: getattr(x, op.method or "")(*a, **k)
        for function in op.numpy:
            if NUMPY.get(function) is op.call:
                ways[f"np.{function.__name__}"] = function
        expected = call.results([Tensor(a, requires_grad=True) for a in call.arrays])
        for way, function in ways.items():
            got = call([Tensor(a, requires_grad=True) for a in call.arrays], function)
            many = got if isinstance(got, (tuple, list)) else (got,)
            found = [t for t in many if getattr(t, "dtype", np.dtype(int)).kind in "fc"]
            for a, b in zip(found, expected, strict=True):
                require(isinstance(a, Tensor), op, call, f"{way} left the graph: it returned {type(a).__name__}.")
                require(a.requires_grad == b.requires_grad, op, call, f"{way} is not recorded.")
                require(np.array_equal(a.data, b.data, equal_nan=True), op, call, f"{way} gives another value.")


def purity(op: Op, sample: Sample) -> None:
    """Twice the same bits; no input or seed is changed; no two gradients share memory; pullbacks are linear in g."""
    call = Call(op, sample)
    if not call.arrays:
        return
    before = [a.copy() for a in call.arrays]
    with np.errstate(all="ignore"):
        variables, results, grads = gradients(call, call.arrays)
        _, again, twice = gradients(call, call.arrays)
        for a, b, name in zip(call.arrays, before, call.names, strict=True):
            require(np.array_equal(a, b, equal_nan=True), op, call, f"{name} was changed.")
        for r, s in zip(results, again, strict=True):
            require(np.array_equal(r.data, s.data, equal_nan=True), op, call, "two runs gave different values.")
        for g, h, name in zip(grads, twice, call.names, strict=True):
            same = (g is None and h is None) or np.array_equal(g, h, equal_nan=True)
            require(same, op, call, f"two walks gave different gradients of {name}.")
        gentle_pullbacks(op, call, results)
        owned_gradients(op, call, variables, results)
        linear_pullbacks(op, call, variables, results)


def gentle_pullbacks(op: Op, call: Call, results: list[Tensor]) -> None:
    """No pullback writes to the gradient that comes in: the next one is given the same."""
    for r in results:
        node: Any = r.node
        if node is not None and node[OP] is op:
            for x, pullback in node[EDGES]:
                seed = np.ones(r.shape)
                pullback(seed)
                require(np.all(seed == 1), op, call, f"the pullback of an input of shape {x.shape} writes to g.")


def owned_gradients(op: Op, call: Call, variables: list[Tensor], results: list[Tensor]) -> None:
    """After ``backward`` each gradient has its own memory."""
    for r in results:
        if not r.requires_grad:
            continue
        seed = np.random.default_rng(3).uniform(-1, 1, r.shape)
        r.backward(seed, retain_graph=True)
        owned = [v.grad.data for v in variables if v.grad is not None]
        others = [seed, *(v.data for v in variables), *(q.data for q in results)]
        for i, g in enumerate(owned):
            apart = not any(np.shares_memory(g, h) for h in [*owned[:i], *others])
            require(apart, op, call, "a gradient shares memory with an input, a result, the seed or another gradient.")
        for v in variables:
            v.grad = None


def linear_pullbacks(op: Op, call: Call, variables: list[Tensor], results: list[Tensor]) -> None:
    """Twice the seed gives exactly twice the gradient, and a seed of zeros zeros."""
    for r in results:
        if not r.requires_grad:
            continue
        seed = np.random.default_rng(5).uniform(-1, 1, r.shape)
        once = walk(r, seed, inputs=variables, retain_graph=True)
        for (v, g), (_, h) in zip(once, walk(r, -2 * seed, inputs=variables, retain_graph=True), strict=True):
            require(
                np.array_equal(-2 * g, h, equal_nan=True) or close(h, -2 * g, 1e-12), op, call,
                f"the pullback of an input of shape {v.shape} is not linear in g.",
            )  # fmt: skip
