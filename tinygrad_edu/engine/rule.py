"""What an op is, and the checks on what its rule returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .errors import RuleError
from .modes import mode
from .tensor import Array, Tensor

__all__ = ["Op", "raw"]


NO_DEFAULT = object()


class Op:
    """An op's rule, and the description that enrols it in tests, methods and numpy's protocols (see ``op``).

    names, defaults : of its positional parameters, in order.  required : how many of them have no default.
    plain : nothing but required inputs.  variadic : takes ``*inputs``.
    own_dtype : has a dtype option, so it decides its result's dtype.
    """

    call: Callable[..., Any]  # what the user calls; set by ``op``

    def __init__(
        self,
        name: str,
        rule: Callable[..., Any],
        numpy: tuple[Any, ...] = (),
        method: str | None = None,
        samples: Any = None,
        reference: Callable[..., Any] | None = None,
        analytic: bool = False,
        again: Callable[..., Any] | None = None,
        kinks: Any = (),
        note: str = "",
    ) -> None:
        self.name, self.rule, self.numpy, self.method = name, rule, numpy, method
        self.samples, self.reference, self.analytic = samples, reference, analytic
        self.again, self.kinks, self.note = again, kinks, note
        # read from the code object: inspect.signature, and importing it, would be a fifth of the package's import time
        code, given = rule.__code__, rule.__defaults__ or ()
        self.names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
        self.required = code.co_argcount - len(given)
        self.defaults = (NO_DEFAULT,) * self.required + given
        self.variadic = bool(code.co_flags & 0x04)
        self.plain = self.required == code.co_argcount + code.co_kwonlyargcount and not code.co_flags & 0x0C
        self.own_dtype = "dtype" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def input_name(self, i: int) -> str:
        """What to call the i-th argument in a message."""
        return repr(self.names[i]) if i < len(self.names) else f"input {i}"


def raw(x: Any) -> Array:
    """The bare array behind ``x``, allowed inside a rule: for a value or an index that is not differentiated through.

    Pullbacks of a rule that uses ``raw`` must reach its inputs through ops, or higher derivatives would be lost.
    """
    return x.data if isinstance(x, Tensor) else x


def flat(args: Iterable[Any]) -> Iterable[Any]:
    """The arguments, with lists and tuples opened one level."""
    for v in args:
        if isinstance(v, (list, tuple)):
            yield from v
        else:
            yield v


def holds_tensor(v: Any) -> bool:
    """Whether an argument is a Tensor, or a list or tuple that holds one."""
    return isinstance(v, Tensor) or (isinstance(v, (list, tuple)) and any(isinstance(u, Tensor) for u in v))


def checked(op: Op, args: tuple[Any, ...], result: Any) -> tuple[Any, tuple[Any, ...]]:
    """Split a rule's result into value and pullbacks, or say what is wrong with it."""
    if isinstance(result, tuple) and len(result) > 1:
        least, most = (len(args), len(args)) if op.variadic else (op.required, len(op.names))
        if least < len(result) <= most + 1 and (not isinstance(result[0], Tensor) or mode().rerun):
            return result[0], result[1:]
    raise RuleError(complaint(op, args, result))


def complaint(op: Op, args: tuple[Any, ...], result: Any) -> str:
    """What is wrong with the result of a rule."""
    inputs = ", ".join(op.names[: op.required]) or "its inputs"
    if not isinstance(result, tuple) or len(result) < 2:
        return (
            f"{op.name}: the rule returned {type(result).__name__}; expected its value and one pullback for each of {inputs}: "
            "`return out, lambda g: ...`."
        )
    if isinstance(result[0], Tensor) and not mode().rerun:
        return f"{op.name}: the rule returned a Tensor. It runs on arrays; do not create Tensors inside."
    return (
        f"{op.name}: the rule returned {len(result) - 1} pullback(s) for {len(args) if op.variadic else op.required} input(s) "
        f"({inputs}). Return one for each, None where there is no gradient."
    )


def edges_of(op: Op, args: tuple[Any, ...], pullbacks: tuple[Any, ...]) -> tuple[Any, ...]:
    """Pair each input that wants a gradient with its pullback."""
    edges = []
    if len(pullbacks) < len(args):
        pullbacks += (None,) * (len(args) - len(pullbacks))
    for i, (v, pullback) in enumerate(zip(args, pullbacks)):
        if isinstance(v, Tensor):
            if v.requires_grad:
                edges.append((v, pullback if callable(pullback) else usable(op, i, pullback)))
        elif isinstance(v, (list, tuple)) and holds_tensor(v):
            if pullback is not None and (callable(pullback) or len(pullback) != len(v)):
                raise RuleError(
                    f"{op.name}: {op.input_name(i)} is a list of {len(v)}; its pullback must be a list as long."
                )
            pairs = zip(v, pullback or [None] * len(v), strict=True)
            edges += [(u, usable(op, i, p)) for u, p in pairs if isinstance(u, Tensor) and u.requires_grad]
    return tuple(edges)


def usable(op: Op, i: int, pullback: Any) -> Any:
    """The pullback of an input that wants a gradient, if it is one."""
    if callable(pullback):
        return pullback
    name = op.input_name(i)
    if pullback is None:
        raise RuleError(f"{op.name} has no gradient with respect to {name}. Detach it to treat it as a constant.")
    raise RuleError(f"{op.name}: the pullback of {name} is {type(pullback).__name__}, not a function of g.")
