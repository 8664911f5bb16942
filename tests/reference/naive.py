"""A second engine, as naive as can be: single numbers, recursion, dictionaries. It is slow, and too simple to be wrong.

An array is numpy's array of objects, each a ``Scalar`` that knows the numbers it was computed from; numpy only arranges
them. Nothing is shared with ``tinygrad_edu``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


class Scalar:
    """A number, and the numbers that it was computed from with its derivative by each."""

    def __init__(self, value: float, parents: tuple[tuple[Scalar, float], ...] = ()) -> None:
        self.value, self.parents = value, parents

    def __add__(self, other: Any) -> Scalar:
        other = scalar(other)
        return Scalar(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other: Any) -> Scalar:
        other = scalar(other)
        return Scalar(self.value * other.value, ((self, other.value), (other, self.value)))

    def __sub__(self, other: Any) -> Scalar:
        return self + scalar(other) * -1.0

    def __neg__(self) -> Scalar:
        return self * -1.0

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self) -> Scalar:
        out = math.tanh(self.value)
        return Scalar(out, ((self, 1 - out**2),))

    def exp(self) -> Scalar:
        out = math.exp(self.value)
        return Scalar(out, ((self, out),))


def scalar(v: Any) -> Scalar:
    return v if isinstance(v, Scalar) else Scalar(float(v))


class Naive:
    """An array of Scalars with the arrays that it was computed from, and what ``backward`` leaves behind."""

    def __init__(self, entries: Any, inputs: tuple[Naive, ...] = (), requires_grad: bool = False) -> None:
        self.entries = np.asarray(entries, dtype=object)
        self.inputs, self.requires_grad = inputs, requires_grad
        self.grad: Any = None
        self.freed = False

    @property
    def values(self) -> Any:
        return np.array([s.value for s in self.entries.reshape(-1)], dtype=float).reshape(self.entries.shape)

    def apply(self, f: Callable[..., Any], *others: Naive, record: bool = True) -> Naive:
        """f of this and other arrays; without recording, a new leaf of the same values."""
        inputs = (self, *others)
        entries = f(*(n.entries for n in inputs))
        if record and any(n.requires_grad for n in inputs):
            return Naive(entries, tuple(n for n in inputs if n.requires_grad), True)
        return constant(Naive(entries).values)

    def backward(self, seed: Any, retain_graph: bool) -> bool:
        """Add to the gradients of the leaves; False, and nothing added, if an earlier call freed a part of the graph."""
        arrays = reached(self, {})
        if any(n.freed for n in arrays.values()):
            return False
        grads = derivatives(self, seed)
        for n in arrays.values():
            if n.inputs:
                n.freed = not retain_graph
            else:
                mine = np.array([grads.get(s, 0.0) for s in n.entries.reshape(-1)]).reshape(n.entries.shape)
                n.grad = mine if n.grad is None else n.grad + mine
        return True


def constant(values: Any, requires_grad: bool = False) -> Naive:
    """A leaf."""
    array = np.empty(np.shape(values), dtype=object)
    array.reshape(-1)[:] = [Scalar(float(v)) for v in np.reshape(values, -1)]
    return Naive(array, requires_grad=requires_grad)


def reached(array: Naive, seen: dict[int, Naive]) -> dict[int, Naive]:
    """The array and everything that it was computed from, by recursion."""
    if id(array) not in seen:
        seen[id(array)] = array
        for n in array.inputs:
            reached(n, seen)
    return seen


def derivatives(root: Naive, seed: Any) -> dict[Scalar, float]:
    """The derivative of sum(seed * root) by every number behind it, children before parents."""
    order: list[Scalar] = []
    seen: set[Scalar] = set()

    def visit(s: Scalar) -> None:
        if s not in seen:
            seen.add(s)
            for parent, _ in s.parents:
                visit(parent)
            order.append(s)

    grads: dict[Scalar, float] = {}
    for s, g in zip(root.entries.reshape(-1), np.reshape(seed, -1), strict=True):
        visit(s)
        grads[s] = grads.get(s, 0.0) + float(g)
    for s in reversed(order):
        for parent, slope in s.parents:
            grads[parent] = grads.get(parent, 0.0) + grads.get(s, 0.0) * slope
    return grads
