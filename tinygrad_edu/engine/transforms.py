"""Derivatives of functions: grad, vjp, jvp, jacobian, hessian, and checkpoint.

Each takes a function of Tensors and returns a function. Arguments may be Tensors, arrays, numbers, or (nested) lists,
tuples and dicts of them; gradients have the same structure. No transform touches ``.grad``, and they nest to any depth:
an argument enters as a fresh variable (an alias of the caller's Tensor, if that is part of a graph), walks stop at
exactly these variables, and a gradient is recorded in turn whenever something outside, an enclosing transform or a leaf
of the caller's, is part of it. That is what keeps nested derivatives with respect to different variables apart.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .device import beside
from .errors import GraphError, InPlaceError, ShapeError
from .modes import enable_grad, mode
from .mutation import changed_since
from .op import NO_OPTIONS, alias, record
from .random import replay, states
from .rule import Op
from .tensor import EDGES, NUMBER, Tensor, count
from .walk import reachable, walk

__all__ = ["checkpoint", "elementwise_grad", "grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Argnums = int | Sequence[int]


# -- structures --------------------------------------------------------------------------------------------------------


def leaves(tree: Any) -> list[Any]:
    """The arrays and numbers in nested lists, tuples and dicts, in order."""
    if isinstance(tree, dict):
        return [leaf for v in tree.values() for leaf in leaves(v)]
    if isinstance(tree, (list, tuple)):
        return [leaf for v in tree for leaf in leaves(v)]
    return [tree]


def rebuilt(tree: Any, values: Any) -> Any:
    """The same structure with other leaves, taken from an iterator."""
    if isinstance(tree, dict):
        return {k: rebuilt(v, values) for k, v in tree.items()}
    if isinstance(tree, (list, tuple)):
        parts = [rebuilt(v, values) for v in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return next(values)


def like(tree: Any, values: Sequence[Any]) -> Any:
    return rebuilt(tree, iter(values))


# -- the one thing that all of them do ---------------------------------------------------------------------------------


class Evaluation:
    """f run on fresh variables: what came out, and how to walk back."""

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], argnums: Argnums) -> None:
        self.name = getattr(f, "__name__", "function")
        many = not isinstance(argnums, int)
        positions = list(argnums) if not isinstance(argnums, int) else [argnums]
        for i in positions:
            if not -len(args) <= i < len(args):
                raise ValueError(f"argnums {argnums}: {self.name} was called with {len(args)} argument(s).")
        self.recording = mode().record
        with enable_grad():
            self.tree: Any = [args[i] for i in positions] if many else args[positions[0]]
            self.variables = [variable(leaf) for leaf in leaves(self.tree)]
            entered = like(self.tree, self.variables)
            full = list(args)
            for i, value in zip(positions, entered if many else [entered], strict=True):
                full[i] = value
            out = f(*full)
        self.out = out if isinstance(out, Tensor) else Tensor(out)
        self.tree = tuple(self.tree) if many else self.tree

    def value(self) -> Tensor:
        """The result; still part of the caller's graph, if there is one."""
        return self.out if self.recording and self.outside() else self.out.detach()

    def outside(self) -> bool:
        """Whether anything but the fresh variables leads to the result, or the variables to something of the caller's."""
        if any(v.node is not None for v in self.variables):
            return True
        own = set(self.variables)
        return any(t.requires_grad and t not in own for t in reachable(self.out, self.variables)[1])

    def pull(self, seed: Any = None) -> Any:
        """The gradient of sum(seed * out) with respect to the variables, in their structure."""
        if seed is None and self.out.size != 1:
            raise GraphError(
                f"grad: {self.name} returned shape {self.out.shape}; a single number is needed. Reduce it, or use jacobian or vjp."
            )
        record = self.recording and (self.outside() or (isinstance(seed, Tensor) and seed.requires_grad))
        found: dict[int, Any] = {}
        if self.out.requires_grad:
            pairs = walk(self.out, seed, inputs=self.variables, retain_graph=True, create_graph=record)
            found = {id(v): g for v, g in pairs}
        return like(self.tree, [tensor_of(found.get(id(v)), v) for v in self.variables])


def variable(x: Any) -> Tensor:
    """A Tensor at which walks stop: a leaf, or an alias that stays connected to the caller's graph."""
    if isinstance(x, Tensor) and x.requires_grad:
        return alias(x)
    return Tensor(x, requires_grad=True)


def tensor_of(g: Any, v: Tensor) -> Tensor:
    """A gradient as a Tensor of its own memory; zeros where none came."""
    if isinstance(g, Tensor):
        return g
    return Tensor(np.zeros_like(v.data) if g is None else g if g.base is None else g.copy())


# -- the transforms ----------------------------------------------------------------------------------------------------


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., tuple[Tensor, Any]]:
    """The function ``(*args) -> (f(*args), gradient)``, for an f that returns a single number.

    argnums : the position of the argument to differentiate by, or several (then the gradient is a tuple).
    """

    @functools.wraps(f)
    def both(*args: Any) -> tuple[Tensor, Any]:
        run = Evaluation(f, args, argnums)
        gradient = run.pull()
        return run.value(), gradient

    return both


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that computes the gradient of f.

    f : a function whose result is a single number.
    argnums : the position of the argument to differentiate by, or several (then a tuple comes back).
    Errors: GraphError if f returns more than one number.

    >>> grad(lambda x: x**3)(2.0)
    Tensor(12.)
    >>> grad(grad(lambda x: x**3))(2.0)
    Tensor(12.)
    """
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any) -> Any:
        return both(*args)[1]

    return gradient


def elementwise_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The derivative of each entry of f(x) by the same entry of x, for an f that works elementwise."""

    @functools.wraps(f)
    def derivative(*args: Any) -> Any:
        run = Evaluation(f, args, argnums)
        return run.pull(np.ones(run.out.shape, dtype=run.out.dtype))

    return derivative


def vjp(f: Callable[..., Any], *xs: Any) -> tuple[Tensor, Callable[[Any], tuple[Any, ...]]]:
    """f(*xs), and its pullback: seed -> the gradients of sum(seed * f) by every x, as a tuple.

    seed : of f's shape (vector-Jacobian product).
    """
    run = Evaluation(f, xs, range(len(xs)))
    return run.value(), lambda seed: run.pull(seed)


def jvp(f: Callable[..., Any], xs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Tensor, Tensor]:
    """f(*xs), and its derivative along the tangents (Jacobian-vector product).

    xs, tangents : sequences of equal length, each tangent of its x's shape.
    By walking twice: the pullback is linear in its seed, and the derivative of <pullback(seed), tangent> by the seed is
    the product. https://j-towns.github.io/2017/06/12/A-new-trick.html (J. Townsend, 2017).
    """
    if len(xs) != len(tangents):
        raise ShapeError(f"jvp: {len(xs)} argument(s) and {len(tangents)} tangent(s). Give one tangent for each.")
    for x, v in zip(leaves(list(xs)), leaves(list(tangents)), strict=True):
        if np.shape(x) != np.shape(v):
            raise ShapeError(f"jvp: a tangent of shape {np.shape(v)} for an argument of shape {np.shape(x)}.")
    run = Evaluation(f, xs, range(len(xs)))

    def along(seed: Tensor) -> Any:
        total: Any = 0.0
        for g, v in zip(leaves(run.pull(seed)), leaves(list(tangents)), strict=True):
            total = total + (g * v).sum()
        return total

    with enable_grad():
        run.recording, outer = True, run.recording
        second = Evaluation(along, [np.ones_like(run.out.data)], 0)
        second.recording = outer
        product = second.pull()
        run.recording = outer
    return run.value(), product


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that computes all derivatives of f's entries: shape ``f.shape + x.shape``, one walk an entry of f."""

    @functools.wraps(f)
    def matrix(*args: Any) -> Any:
        run = Evaluation(f, args, argnums)
        size, shape = run.out.size, run.out.shape
        seeds = beside(run.out, np.eye(size, dtype=run.out.dtype).reshape(size, *shape))
        rows = [leaves(run.pull(seed)) for seed in seeds]
        blocks = []
        for i, v in enumerate(run.variables):
            entries: Any = [row[i] for row in rows]
            stacked: Any = np.stack(entries) if entries else Tensor(np.zeros_like(v.data, shape=(0, *v.shape)))
            blocks.append(stacked.reshape(*shape, *v.shape))
        return like(run.tree, blocks)

    return matrix


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """The second derivatives of an f that returns a single number: shape ``x.shape + x.shape``, for one array x."""
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Tensor:
    """The Hessian of f at x times v, at the cost of two walks and without the Hessian (Pearlmutter, 1994)."""
    if np.shape(x) != np.shape(v):
        raise ShapeError(f"hvp: x has shape {np.shape(x)}, v has {np.shape(v)}. They must be equal.")
    product: Tensor = vjp(grad(f), x)[1](v)[0]  # the Hessian is symmetric, so its pullback is the product
    return product


def checkpoint(f: Callable[..., Any]) -> Callable[..., Tensor]:
    """The same function, which keeps nothing for the walk back but its inputs, and runs once more when the walk comes.

    Trades a second run of f for the memory of its inside (Chen et al., 2016). Tensors that f closes over, such as a layer's
    parameters, get their gradients too, and random draws are replayed. f returns one Tensor.
    Errors: InPlaceError, on the way back, if one of these was changed in place since.
    """

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Tensor:
        if not mode().record:
            return f(*args, **kwargs)  # type: ignore[no-any-return]
        start, past = count(), states()
        first = f(*args, **kwargs)
        if not isinstance(first, Tensor):
            raise TypeError(f"checkpoint: {f.__name__} returned {type(first).__name__}; one Tensor is needed.")
        sources, end = frontier(first, start), count()
        needed = [t for t in (*sources, *leaves([args, kwargs])) if isinstance(t, Tensor)]
        out = first.data
        del first  # and with it everything that f recorded

        def once_more(*_: Any) -> Tensor:
            if any(changed_since(t.data, end) for t in needed):
                raise InPlaceError(
                    f"checkpoint: an input of {f.__name__} was changed in place after it ran, so running it again would give "
                    "another gradient. Change a copy, or do it after backward() (an optimiser step included)."
                )
            with replay(past), enable_grad():
                return f(*args, **kwargs)  # type: ignore[no-any-return]

        def gradient(i: int, g: Any) -> Any:
            if memo[0] is not g:
                found = {id(t): gx for t, gx in walk(once_more(), g, inputs=sources)}
                memo[:] = [g, [found.get(id(t)) for t in sources]]
            gx, memo[1][i] = memo[1][i], None
            return np.zeros_like(sources[i].data) if gx is None else gx

        memo: list[Any] = [
            None,
            [],
        ]  # the last g and its gradients: the edges of a node are asked in a row with the same g
        edges = tuple((t, functools.partial(gradient, i)) for i, t in enumerate(sources))
        this = Op("checkpoint", lambda *xs: (out, *([None] * len(xs))), again=once_more)
        return record(this, (), NO_OPTIONS, out, edges)

    return call


def frontier(root: Tensor, start: int) -> list[Tensor]:
    """The Tensors older than creation number ``start`` that ``root`` was computed from and that want a gradient."""
    found: dict[int, Tensor] = {}
    seen: set[int] = set()
    stack = [root]
    while stack:
        t = stack.pop()
        if t.node is None or t.node[NUMBER] < start:
            if t.requires_grad:
                found[id(t)] = t
        elif t.node[NUMBER] not in seen:
            seen.add(t.node[NUMBER])
            stack.extend(edge[0] for edge in t.node[EDGES])
    return list(found.values())
