"""The ``@op`` decorator: a function of arrays becomes an op that is recorded, differentiated and verified.

A *rule* takes arrays and returns its value and one pullback (vector-Jacobian product) for each input, side by side::

    @op
    def tanh(x):
        out = np.tanh(x)
        return out, lambda g: g * (1 - out * out)

What no rule has to repeat lives here and in ``walk.py``: unwrapping, dtype promotion, 0-d results, recording, the
checks of what came back, unbroadcasting, accumulation. Built-in ops come through this same door.

A rule is a pure function of its arguments, in one of three forms (``docs/extending.md`` shows each):
(a) plain numpy, which also runs on Tensors and so gives every order of derivative; (b) ``raw(x)`` where it needs the
bare array, with pullbacks that are ops themselves; (c) ``@op(again=f)``, where ``f`` composes other ops and is what is
differentiated when a second derivative is asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, overload

import numpy as np

from .errors import RuleError
from .modes import RECORD, mode
from .tensor import Array, Tensor, count

__all__ = ["NUMPY", "OPS", "Op", "op", "raw"]

P = ParamSpec("P")
new = Tensor.__new__
ndarray = np.ndarray
FLOATS = "fc"


@dataclass(eq=False)
class Op:
    """What is known of an op: its rule, and the description that enrols it in tests, methods and numpy's protocols."""

    name: str
    rule: Callable[..., Any]
    numpy: tuple[Any, ...] = ()
    method: str | None = None
    samples: Any = None
    reference: Callable[..., Any] | None = None
    analytic: bool = False
    again: Callable[..., Any] | None = None
    note: str = ""
    call: Callable[..., Any] = field(init=False, repr=False)
    names: tuple[str, ...] = field(init=False)  # positional parameters, in order
    required: int = field(init=False)  # how many of them have no default
    defaults: tuple[Any, ...] = field(init=False)
    variadic: bool = field(init=False)
    own_dtype: bool = field(init=False)  # has a dtype option, so it decides its result's dtype

    def __post_init__(self) -> None:
        parameters = inspect.signature(self.rule).parameters.values()
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.names = tuple(p.name for p in positional)
        self.required = sum(p.default is p.empty for p in positional)
        self.defaults = tuple(p.default for p in positional)
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.own_dtype = any(p.name == "dtype" for p in parameters)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


OPS: dict[str, Op] = {}  # every registered op by name
NUMPY: dict[Any, Callable[..., Any]] = {}  # numpy function or ufunc -> op


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
    note: str = "",
) -> Callable[[Callable[P, Any]], Callable[P, Tensor]]: ...
def op(rule: Any = None, /, **about: Any) -> Any:
    """Make an op of a rule.

    name : the op's name, else the function's.
    numpy : a numpy function (or several) that shall call this op when it meets a Tensor.
    method : True or a name: attach the op as a Tensor method.
    samples : how to draw inputs (``engine.domain``); an op with samples is verified by every generic test.
    reference : an independent implementation on arrays that the value is compared with; default: the numpy function.
    analytic : the value is a holomorphic function that numpy evaluates on complex input (allows the complex step).
    again : a composition of ops with the same value, differentiated in the rule's place for higher orders.
    note : the written reason where the samples are narrower than the mathematical domain.

    The op takes Tensors, arrays and numbers. With no Tensor among its arguments it returns the bare array. Parameters
    without a default are inputs; a rule returns one pullback for each, in order, with None for an input that has no
    gradient (an index, a condition). A list of Tensors gets a list of pullbacks; several outputs, a tuple, give one
    pullback that takes a tuple.
    """
    if rule is None:
        return lambda rule: op(rule, **about)  # type: ignore[call-overload]
    name = about.pop("name", None) or rule.__name__
    method = about.pop("method", False)
    functions = about.pop("numpy", ())
    functions = tuple(functions) if isinstance(functions, (list, tuple)) else (functions,)
    this = Op(name, rule, functions, name if method is True else method or None, **about)
    if not this.variadic and len(this.names) == this.required == 1 and len(inspect.signature(rule).parameters) == 1:
        call = unary(this)
    elif not this.variadic and len(this.names) == this.required == 2 and len(inspect.signature(rule).parameters) == 2:
        call = binary(this)
    else:
        call = general(this)
    call.__name__ = call.__qualname__ = name
    call.__module__, call.__doc__ = rule.__module__, rule.__doc__
    call.__signature__, call.__wrapped__, call.op = inspect.signature(rule), rule, this  # type: ignore[attr-defined]
    this.call = OPS_call = call
    register(this, OPS_call)
    return call


def register(this: Op, call: Callable[..., Any]) -> None:
    """Enrol an op under its name, as a method, and for numpy's functions."""
    OPS[this.name] = this
    if this.method:
        setattr(Tensor, this.method, call)
    for function in this.numpy:
        NUMPY[function] = call


# -- the three callers: the first two are the common cases of the third, spelled out for speed ---------------------


def unary(this: Op) -> Callable[..., Any]:
    """A caller for rules of one input and no options."""
    rule = this.rule

    def call(x: Any) -> Any:
        if isinstance(x, Tensor) and mode() is RECORD:
            data = x.data
            result = rule(data)
            if result.__class__ is tuple and len(result) == 2:
                out, pullback = result
                if out.__class__ is ndarray and out.dtype is data.dtype and callable(pullback):
                    t = new(Tensor)
                    t.data, t.grad, t.hooks = out, None, ()
                    if x.requires_grad:
                        t.requires_grad = True
                        t.node = (count(), this, (x,), NONE, ((x, pullback),))
                    else:
                        t.requires_grad, t.node = False, None
                    return t
            return finish(this, (x,), NONE, result)
        return run(this, (x,), NONE)

    return call


def binary(this: Op) -> Callable[..., Any]:
    """A caller for rules of two inputs and no options."""
    rule = this.rule

    def call(x: Any, y: Any) -> Any:
        if mode() is RECORD and isinstance(x, Tensor):
            a = x.data
            if isinstance(y, Tensor):
                b = y.data
                if a.dtype is b.dtype:
                    result = rule(a, b)
                    if result.__class__ is tuple and len(result) == 3:
                        out, px, py = result
                        if out.__class__ is ndarray and out.dtype is a.dtype and px is not None and py is not None:
                            t = new(Tensor)
                            t.data, t.grad, t.hooks = out, None, ()
                            if x.requires_grad:
                                t.requires_grad = True
                                edges = ((x, px), (y, py)) if y.requires_grad else ((x, px),)
                                t.node = (count(), this, (x, y), NONE, edges)
                            elif y.requires_grad:
                                t.requires_grad = True
                                t.node = (count(), this, (x, y), NONE, ((y, py),))
                            else:
                                t.requires_grad, t.node = False, None
                            return t
                    return finish(this, (x, y), NONE, result)
            elif y.__class__ is float:
                return finish(this, (x, y), NONE, rule(a, y))
        return run(this, (x, y), NONE)

    return call


def general(this: Op) -> Callable[..., Any]:
    """A caller for every other rule: options, sequences of Tensors, several outputs."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            args, kwargs = bind(this, args, kwargs)
        return run(this, args, kwargs)

    return call


NONE: dict[str, Any] = {}


def run(this: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Unwrap the arguments, run the rule on bare arrays, and wrap what it returns."""
    tensors = [t for t in flat(args) if isinstance(t, Tensor)]
    if not tensors:
        out = this.rule(*args, **kwargs)
        return out[0] if isinstance(out, tuple) else out
    common = common_dtype(tensors, args)
    return finish(this, args, kwargs, this.rule(*(unwrap(v, common) for v in args), **kwargs))


def bind(this: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Move inputs and Tensors that came by keyword to their positions."""
    moved = {n for n, v in kwargs.items() if n in this.names and (n in this.names[: this.required] or holds_tensor(v))}
    if not moved:
        return args, kwargs
    last = max(this.names.index(n) for n in moved)
    full = list(args)
    for i in range(len(args), last + 1):
        n = this.names[i]
        if n not in kwargs and this.defaults[i] is inspect.Parameter.empty:
            raise TypeError(f"{this.name}() missing required argument: {n!r}")
        full.append(kwargs[n] if n in kwargs else this.defaults[i])
    for n in this.names[: len(args)]:
        if n in kwargs:
            raise TypeError(f"{this.name}() got multiple values for argument {n!r}")
    return tuple(full), {n: v for n, v in kwargs.items() if n not in this.names[: last + 1]}


def flat(args: Iterable[Any]) -> Iterable[Any]:
    """The arguments, with lists and tuples opened one level."""
    for v in args:
        if isinstance(v, (list, tuple)):
            yield from v
        else:
            yield v


def holds_tensor(v: Any) -> bool:
    return isinstance(v, Tensor) or (isinstance(v, (list, tuple)) and any(isinstance(u, Tensor) for u in v))


# -- dtypes ------------------------------------------------------------------------------------------------------------


def common_dtype(tensors: list[Tensor], args: tuple[Any, ...]) -> Any:
    """The float dtype that the result must have, or None if no float came in.

    Tensors and arrays of rank >= 1 promote as in numpy; a 0-d Tensor counts only if there are none of those. Python
    numbers, numpy scalars, 0-d and integer arrays never count: float32 stays float32.
    """
    strong = {t.dtype for t in tensors if t.ndim and t.dtype.kind in FLOATS}
    strong |= {v.dtype for v in flat(args) if isinstance(v, ndarray) and v.ndim and v.dtype.kind in FLOATS}
    strong = strong or {t.dtype for t in tensors if t.dtype.kind in FLOATS}
    if any(isinstance(v, complex) for v in flat(args)):
        strong.add(np.dtype(np.complex64))
    return np.result_type(*strong) if len(strong) > 1 else next(iter(strong), None)


def unwrap(v: Any, common: Any) -> Any:
    """The bare array of an argument; scalars made weak, so that numpy's promotion keeps the common dtype."""
    if isinstance(v, Tensor):
        v = v.data
    elif isinstance(v, np.generic) and v.dtype.kind in "biufc":
        return v.item()
    elif isinstance(v, (list, tuple)) and holds_tensor(v):
        return type(v)(unwrap(u, common) for u in v)
    if common is not None and isinstance(v, ndarray) and not v.ndim and v.dtype.kind in FLOATS and v.dtype != common:
        return v.astype(common)
    return v


# -- what came back ----------------------------------------------------------------------------------------------------


def finish(this: Op, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
    """Check what a rule returned and wrap it: one Tensor, or a tuple of them."""
    out, pullbacks = checked(this, args, result)
    now = mode()
    tensors = [t for t in flat(args) if isinstance(t, Tensor)]
    common = None if this.own_dtype else common_dtype(tensors, args)
    edges = edges_of(this, args, pullbacks) if now.record else ()
    if isinstance(out, tuple):
        wrapped: Any = several(this, args, kwargs, tuple(lawful(o, common) for o in out), edges)
    else:
        wrapped = wrap(this, args, kwargs, lawful(out, common), edges)
    if now.anomaly:
        from .anomaly import watch

        watch(this, args, wrapped)
    return wrapped


def wrap(this: Op, args: tuple[Any, ...], kwargs: dict[str, Any], out: Array, edges: tuple[Any, ...]) -> Tensor:
    t = new(Tensor)
    t.data, t.grad, t.hooks = out, None, ()
    t.requires_grad = bool(edges)
    t.node = (count(), this, args, kwargs, edges) if edges else None
    return t


def lawful(out: Any, common: Any) -> Array:
    """A result as the law wants it: an array, never a numpy scalar, and of the common dtype if it is floating."""
    if not hasattr(out, "shape") or isinstance(out, np.generic):
        out = np.asarray(out)
    if common is not None and out.dtype.kind == "f" and out.dtype != common and common.kind == "f":
        out = out.astype(common)
    return out


def checked(this: Op, args: tuple[Any, ...], result: Any) -> tuple[Any, tuple[Any, ...]]:
    """Split a rule's result into value and pullbacks, or say what is wrong with it."""
    if not isinstance(result, tuple) or len(result) < 2:
        raise RuleError(
            f"{this.name}: the rule returned {type(result).__name__}; expected its value and one pullback for each of "
            f"{', '.join(this.names[: this.required]) or 'its inputs'}: `return out, lambda g: ...`."
        )
    out, pullbacks = result[0], result[1:]
    most = max(len(args), len(this.names)) if this.variadic else len(this.names)
    least = len(args) if this.variadic else this.required
    if not least <= len(pullbacks) <= most:
        raise RuleError(
            f"{this.name}: the rule returned {len(pullbacks)} pullback(s) for {least} input(s) "
            f"({', '.join(this.names[: this.required])}). Return one for each, None where there is no gradient."
        )
    if isinstance(out, Tensor) and not mode().rerun:
        raise RuleError(f"{this.name}: the rule returned a Tensor. It runs on arrays; do not create Tensors inside.")
    return out, pullbacks


def edges_of(this: Op, args: tuple[Any, ...], pullbacks: tuple[Any, ...]) -> tuple[Any, ...]:
    """Pair each input that wants a gradient with its pullback."""
    edges = []
    for i, v in enumerate(args):
        if not holds_tensor(v):
            continue
        pullback = pullbacks[i] if i < len(pullbacks) else None
        if isinstance(v, Tensor):
            pairs: Any = ((v, pullback),)
        elif isinstance(pullback, (list, tuple)) and len(pullback) == len(v):
            pairs = zip(v, pullback, strict=True)
        elif pullback is None:
            pairs = ((u, None) for u in v)
        else:
            raise RuleError(f"{this.name}: input {i} is a list of {len(v)}; its pullback must be a list as long.")
        for u, p in pairs:
            if isinstance(u, Tensor) and u.requires_grad:
                if p is None:
                    which = this.names[i] if i < len(this.names) else f"input {i}"
                    raise RuleError(f"{this.name} has no gradient with respect to {which!r}. Pass {which}.detach() to treat it as a constant.")
                if not callable(p):
                    raise RuleError(f"{this.name}: pullback {i} is {type(p).__name__}, not a function of g.")
                edges.append((u, p))
    return tuple(edges)


class Parts:
    """Several arrays that one op returned, or their gradients (None: no gradient came). Adds up part by part."""

    __slots__ = ("parts",)
    shape, dtype, ndim = "parts", None, -1

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts

    def __add__(self, other: Parts) -> Parts:
        both = zip(self.parts, other.parts, strict=True)
        return Parts(tuple(b if a is None else a if b is None else a + b for a, b in both))

    def filled(self, outs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The parts, absent ones as zeros like the outputs."""
        return tuple(np.zeros_like(o) if p is None else p for p, o in zip(self.parts, outs, strict=True))


def several(this: Op, args: Any, kwargs: Any, outs: tuple[Array, ...], edges: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """Wrap several outputs: each picks its part of one hidden bundle, whose pullbacks take the tuple of gradients."""
    if not edges:
        return tuple(wrap(this, args, kwargs, o, ()) for o in outs)
    bundle = wrap(this, args, kwargs, Parts(outs), tuple((x, taking_parts(p, outs)) for x, p in edges))
    picks = []
    for i, out in enumerate(outs):
        spread: Any = lambda g, i=i: Parts(tuple(g if j == i else None for j in range(len(outs))))
        t = wrap(PICK, (bundle, i), NONE, out, ((bundle, spread),) if out.dtype.kind in FLOATS else ())
        picks.append(t)
    return tuple(picks)


def taking_parts(pullback: Callable[..., Any], outs: tuple[Array, ...]) -> Callable[[Parts], Any]:
    """A pullback of a tuple, as a pullback of Parts."""
    return lambda g: pullback(g.filled(outs))


PICK = Op("pick", lambda bundle, index: (bundle.parts[index], None))  # never run: its edges are made in `several`


def raw(x: Any) -> Array:
    """The bare array behind ``x``, allowed inside a rule: for a value or an index that is not differentiated through.

    Pullbacks of a rule that uses ``raw`` must reach its inputs through ops, or higher derivatives would be lost.
    """
    return x.data if isinstance(x, Tensor) else x


@op
def alias(x: Array) -> Any:
    """The same value as a new Tensor of the graph: a point at which a walk can stop.

    Gradient: g.
    """
    return x, lambda g: g
