"""The ``@op`` decorator: a function of arrays becomes an op that is recorded, differentiated and verified.

A *rule* takes arrays and returns its value and one pullback (vector-Jacobian product) for each input, side by side::

    @op
    def tanh(x):
        out = np.tanh(x)
        return out, lambda g: g * (1 - out * out)

What no rule has to repeat lives in the engine: unwrapping, dtype promotion, 0-d results, recording, the checks of what
came back, unbroadcasting, accumulation. Built-in ops are made in the same way.

A rule is a pure function of its arguments, in one of three forms (``docs/extending.md`` shows each):
(a) plain numpy, which also runs on Tensors and so gives every order of derivative; (b) ``raw(x)`` where it needs the
bare array, with pullbacks that are ops themselves; (c) ``@op(again=f)``, where ``f`` composes other ops and is what is
differentiated when a second derivative is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, overload

import numpy as np

from .dtypes import USUAL, allowed, bare, common_dtype, lawful
from .modes import RECORD, mode
from .outputs import PICK, Parts, of_parts, spread
from .rule import NO_DEFAULT, Op, checked, edges_of, holds_tensor
from .tensor import Array, Tensor, count

__all__ = ["NUMPY", "OPS", "alias", "op"]

P = ParamSpec("P")
OPS: dict[str, Op] = {}  # every op by name
NUMPY: dict[Any, Callable[..., Any]] = {}  # numpy function or ufunc -> op
NO_OPTIONS: dict[str, Any] = {}
new, ndarray = Tensor.__new__, np.ndarray


@overload
def op(rule: Callable[P, Any], /) -> Callable[P, Tensor]: ...
@overload
def op(
    rule: None = None,
    /,
    *,
    name: str | None = None,
    numpy: Any = (),
    method: bool | str = False,
    samples: Any = None,
    reference: Callable[..., Any] | None = None,
    analytic: bool = False,
    again: Callable[..., Any] | None = None,
    kinks: Any = (),
    note: str = "",
) -> Callable[[Callable[P, Any]], Callable[P, Tensor]]: ...
def op(
    rule: Any = None, /, *, name: str | None = None, numpy: Any = (), method: bool | str = False, **about: Any
) -> Any:
    """Make an operation that can be differentiated out of a *rule*, a function of arrays.

    A rule returns its value and one pullback for each input: a function that takes ``g``, the gradient of the loss with
    respect to the value, and returns the gradient with respect to that input.

    >>> from tinygrad_edu import Tensor
    >>> @op
    ... def cube(x):
    ...     return x**3, lambda g: g * 3 * x**2
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> cube(x).sum().backward()
    >>> x.grad
    Tensor([ 3., 12.])

    name : the op's name; by default the function's.
    numpy : a numpy function, or several, that call this op when they meet a Tensor.
    method : True or a name: attach the op as a Tensor method.
    samples : how to draw inputs (``engine.domain``); an op with samples is verified by every generic test.
    reference : an independent implementation on arrays to compare the value with; default: the numpy function.
    analytic : the value is a holomorphic function that numpy evaluates on complex input (allows the complex step); other
        ops refuse complex Tensors.
    again : a composition of ops with the same value, which is differentiated in place of the rule for higher orders.
    kinks : what the gradient is at points where it is a matter of choice, a list: ``[at(0.0, gives=0.0)]``.
    note : the reason, if the samples are narrower than the mathematical domain.

    The op takes Tensors, arrays and numbers. With no Tensor among its arguments it returns the bare array. Parameters
    without a default are inputs; a rule returns one pullback for each, in order, with None for an input that has no
    gradient (an index, a condition). A list of Tensors gets a list of pullbacks; several outputs, a tuple, give one
    pullback that takes a tuple.
    """
    if rule is None:
        return lambda rule: op(rule, name=name, numpy=numpy, method=method, **about)
    title = name or rule.__name__
    functions = tuple(numpy) if isinstance(numpy, (list, tuple)) else (numpy,)
    this = Op(title, rule, functions, title if method is True else method or None, **about)
    quick = {("x",): unary, ("x", "y"): binary} if this.plain else {}  # by their names, as these may be keywords too
    call = quick.get(this.names, general)(this)
    call.__name__ = call.__qualname__ = title
    call.__module__, call.__doc__, call.__wrapped__, call.op = rule.__module__, rule.__doc__, rule, this  # type: ignore[attr-defined]
    this.call = call
    OPS[title] = this
    if this.method:
        setattr(Tensor, this.method, call)
    NUMPY.update(dict.fromkeys(functions, call))
    return call


# -- three ways to call a rule: the first two are frequent cases of the third, spelled out for speed -------------------


def unary(this: Op) -> Callable[..., Any]:
    """A caller for rules of one input and no options."""
    rule = this.rule

    def call(x: Any) -> Any:
        if mode() is not RECORD or not isinstance(x, Tensor):
            return run(this, (x,), NO_OPTIONS)
        data = x.data
        result = rule(data)
        if result.__class__ is tuple and len(result) == 2:
            out, pullback = result
            if out.__class__ is ndarray and out.dtype is data.dtype in USUAL and callable(pullback):
                t: Tensor = new(Tensor)
                t.data, t.grad, t.hooks, t.requires_grad = out, None, (), x.requires_grad
                t.node = (count(), this, (x,), NO_OPTIONS, ((x, pullback),)) if x.requires_grad else None
                return t
        return finish(this, (x,), NO_OPTIONS, result, allowed(this, common_dtype((x,))))

    return call


def binary(this: Op) -> Callable[..., Any]:
    """A caller for rules of two inputs and no options."""
    rule = this.rule

    def call(x: Any, y: Any) -> Any:
        if (
            mode() is not RECORD
            or not isinstance(x, Tensor)
            or not isinstance(y, Tensor)
            or x.data.dtype is not y.data.dtype
            or x.data.__class__ is not y.data.__class__
        ):
            return run(this, (x, y), NO_OPTIONS)
        result = rule(x.data, y.data)
        if result.__class__ is tuple and len(result) == 3:
            out, px, py = result
            if out.__class__ is ndarray and out.dtype is x.data.dtype in USUAL and callable(px) and callable(py):
                t: Tensor = new(Tensor)
                t.data, t.grad, t.hooks = out, None, ()
                edges: Any = ((x, px),) if x.requires_grad else ()
                if y.requires_grad:
                    edges = ((x, px), (y, py)) if edges else ((y, py),)
                t.requires_grad = edges != ()
                t.node = (count(), this, (x, y), NO_OPTIONS, edges) if edges else None
                return t
        return finish(this, (x, y), NO_OPTIONS, result, allowed(this, common_dtype((x, y))))

    return call


def general(this: Op) -> Callable[..., Any]:
    """A caller for every other rule: options, sequences of Tensors, several outputs."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            args, kwargs = bind(this, args, kwargs)
        return run(this, args, kwargs)

    return call


def bind(this: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Move inputs and Tensors that came by keyword to their positions."""
    moved = [i for i, n in enumerate(this.names) if n in kwargs and (i < this.required or holds_tensor(kwargs[n]))]
    if not moved or moved[0] < len(args):
        return args, kwargs  # numbers and strings may stay keywords; the rule's own call reports a doubled argument
    full = list(args)
    for i in range(len(args), moved[-1] + 1):
        default = this.defaults[i]
        if this.names[i] not in kwargs and default is NO_DEFAULT:
            raise TypeError(f"{this.name}() missing a required argument: {this.names[i]!r}")
        full.append(kwargs.get(this.names[i], default))
    return tuple(full), {n: v for n, v in kwargs.items() if n not in this.names[: len(full)]}


def run(this: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Unwrap the arguments, run the rule on bare arrays, and wrap what it returns."""
    common, values = bare(this, args)
    if values is None:
        result = this.rule(*args, **kwargs)
        return result[0] if isinstance(result, tuple) else result
    return finish(this, args, kwargs, this.rule(*values, **kwargs), common)


def finish(this: Op, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, common: Any) -> Any:
    """Check what a rule returned and wrap it: one Tensor, or a tuple of them.

    common : the float dtype that the result must have, see ``common_dtype``.
    """
    out, pullbacks = checked(this, args, result)
    if this.own_dtype:
        common = None
    now = mode()
    edges = edges_of(this, args, pullbacks) if now.record else ()
    wrapped: Any
    if not isinstance(out, tuple):
        wrapped = record(this, args, kwargs, lawful(this, out, common), edges)
    else:
        outs = tuple(lawful(this, o, common) for o in out)
        bundle = record(
            this, args, kwargs, Parts(dict(enumerate(outs))), tuple((x, of_parts(p, outs)) for x, p in edges)
        )
        picks = [((bundle, spread(i)),) if edges else () for i in range(len(outs))]
        parts = [record(PICK, (bundle, i), NO_OPTIONS, o, e) for i, (o, e) in enumerate(zip(outs, picks))]
        wrapped = out._make(parts) if hasattr(out, "_make") else tuple(parts)  # numpy's named tuples keep their names
    if now.anomaly:
        from .anomaly import watch

        watch(this, args, wrapped)
    return wrapped


def wrap(out: Array) -> Tensor:
    """An array as a Tensor without a graph; the array is known to be one."""
    t: Tensor = new(Tensor)
    t.data, t.grad, t.hooks, t.requires_grad, t.node = out, None, (), False, None
    return t


def record(this: Op, args: tuple[Any, ...], kwargs: dict[str, Any], out: Array, edges: tuple[Any, ...]) -> Tensor:
    """A result as a Tensor; with a node if somebody wants a gradient through it, which integers do not have."""
    t = wrap(out)
    if edges and getattr(out.dtype, "kind", "f") in "fc":
        t.requires_grad = True
        t.node = (count(), this, args, kwargs, edges)
    return t


@op(analytic=True)
def alias(x: Array) -> Any:
    """The same value as a new Tensor of the graph: a point at which a walk can stop.

    x : (...)          out : (...), the same memory
    Gradient: g.
    """
    return x, lambda g: g
