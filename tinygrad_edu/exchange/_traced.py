"""Arrays that remember how numpy made them of a model's inputs.

Ops are recorded, numpy's own functions are not: a mask of padding, ``x.data != 0``, is made beside the graph. During an export the
inputs lie in arrays of this class, and so does all that is computed from them: where an op was given such an array, the steps that
led to it are known, and become part of the file. What numpy did with them otherwise, in place or by functions that are not
listed here, is known to be unknown, which is an error and never a constant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["ByNumpy", "Origin", "Traced", "as_made", "traced"]


class ByNumpy(NamedTuple):
    """A function of numpy's in place of an op: a step of the program by its name."""

    name: str


class Origin(NamedTuple):
    """Which function of numpy's made an array, of what arguments.

    name : None if that is not known.          again : makes the array again, to see that nobody wrote into it meanwhile
    """

    name: str | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    again: Callable[[], Any]


UNKNOWN = Origin(None, (), {}, lambda: None)
BY_SHAPE = {"empty_like", "full_like", "ones_like", "zeros_like"}  # what they return holds no value of their argument


class Traced(np.ndarray):
    """An array with its ``origin``; None for an input."""

    origin: Origin | None

    def __array_finalize__(self, before: Any) -> None:
        """A view or copy that nothing else is known of."""
        self.origin = UNKNOWN

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
        """Operators, and what numpy calls ufuncs."""
        function = getattr(ufunc, method)
        if out:  # written in place
            function(*bare(inputs), out=bare(out), **bare(kwargs))
            return out[0] if len(out) == 1 else out
        known = method == "__call__" and not kwargs
        return (
            noted(function, ufunc.__name__, inputs, kwargs)
            if known
            else traced(function(*bare(inputs), **bare(kwargs)))
        )

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """All other functions of numpy's; without one of these arrays among the arguments it was called for ``like=``."""
        if function.__name__ in BY_SHAPE or not holds((args, kwargs)):
            return function(*bare(args), **bare(kwargs))
        return noted(function, function.__name__, args, kwargs)

    @property
    def T(self) -> Any:  # noqa: N802 - as numpy has it
        """The axes in reverse."""
        return self.transpose()


def noted(function: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function returns, with the note of it."""
    again: Callable[[], Any] = lambda: function(*bare(args), **bare(kwargs))
    return traced(again(), Origin(name, args, kwargs, again))


def method(name: str, called: str) -> Callable[..., Any]:
    """A method that notes what it was called with; ``a.reshape(2, 3)`` as ``a.reshape((2, 3))``."""
    function = getattr(np.ndarray, name)

    def noting(self: Traced, *args: Any, **kwargs: Any) -> Any:
        if name in ("reshape", "transpose") and args and not isinstance(args[0], (tuple, list, type(None))):
            args = (args,)
        return noted(function, called, (self, *args), kwargs)

    return noting


METHODS = {"__getitem__": "getitem"} | {
    name: name
    for name in ("all", "any", "astype", "copy", "flatten", "max", "mean", "min", "prod", "ravel", "repeat", "reshape", "squeeze",
                 "sum", "swapaxes", "take", "transpose")
}  # fmt: skip
for _name, _called in METHODS.items():
    setattr(Traced, _name, method(_name, _called))


def traced(value: Any, origin: Origin | None = UNKNOWN) -> Any:
    """An array that remembers; in lists and tuples, that nothing is known of each. Numbers and all else stay as they are."""
    if isinstance(value, np.ndarray):
        view = value.view(Traced)
        view.origin = origin
        return view
    if type(value) in (list, tuple):
        return type(value)(map(traced, value))
    return value


def bare(nested: Any) -> Any:
    """Plain arrays in place of those that remember."""
    if isinstance(nested, Traced):
        return nested.view(np.ndarray)
    if type(nested) in (list, tuple):
        return type(nested)(map(bare, nested))
    if type(nested) is dict:
        return {key: bare(v) for key, v in nested.items()}
    return nested


def holds(nested: Any) -> bool:
    """Whether one of these arrays is in a structure of lists, tuples and dicts."""
    if isinstance(nested, (list, tuple, dict)):
        return any(map(holds, nested.values() if isinstance(nested, dict) else nested))
    return isinstance(nested, Traced)


def as_made(array: Traced) -> bool:
    """Whether it is known how an array was made, and nobody has written into it since."""
    origin = array.origin
    if origin is None or origin.name is None:
        return False
    return np.array_equal(bare(array), origin.again(), equal_nan=array.dtype.kind == "f")
