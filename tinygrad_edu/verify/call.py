"""One call of an op, taken apart: what the properties of ``conduct.py`` and ``derivatives.py`` are asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..engine import Op, Tensor, no_grad
from ..engine.domain import Sample
from ..engine.errors import GradientMismatch
from ..engine.op import bind
from ..engine.rule import checked
from .problem import Function

__all__ = ["Call", "bare", "close", "require", "show", "written"]


class Call:
    """One call of an op, with those of its inputs that have a gradient singled out.

    arrays : the float64 inputs that a gradient reaches.  names : what the rule calls them.
    """

    def __init__(self, op: Op, sample: Sample) -> None:
        self.op = op
        marked = [self._marked(v) for v in sample.args]
        self.args, self.kwargs = bind(op, tuple(marked), {k: self._marked(v) for k, v in sample.kwargs.items()})
        with no_grad():
            _, pullbacks = checked(op, self.args, op.rule(*map(bare, self.args), **map_values(bare, self.kwargs)))
        self.arrays: list[Any] = []
        self.names: list[str] = []
        self.places: list[tuple[int, int | None]] = []
        for i, v in enumerate(self.args):
            pullback = pullbacks[i] if i < len(pullbacks) else None
            if isinstance(v, Tensor) and pullback is not None:
                self._add(v, i, None)
            elif isinstance(v, (list, tuple)) and pullback is not None:
                for j, u in enumerate(v):
                    if isinstance(u, Tensor):
                        self._add(u, i, j)

    @staticmethod
    def _marked(v: Any) -> Any:
        """Float arrays as Tensors, so that they can be told from constants."""
        if isinstance(v, np.ndarray) and v.dtype.kind == "f":
            return Tensor(v)
        return type(v)(map(Call._marked, v)) if type(v) in (list, tuple) else v

    def _add(self, v: Tensor, i: int, j: int | None) -> None:
        name = self.op.names[i] if i < len(self.op.names) else f"input {i}"
        self.arrays.append(v.data)
        self.names.append(name if j is None else f"{name}[{j}]")
        self.places.append((i, j))

    def arguments(self, inputs: list[Any]) -> list[Any]:
        """The op's positional arguments, with these in the place of the singled-out inputs and other arrays bare."""
        args: list[Any] = [bare(v) for v in self.args]
        args = [
            list(v) if isinstance(v, tuple) and any(i == k for k, _ in self.places) else v for i, v in enumerate(args)
        ]
        for value, (i, j) in zip(inputs, self.places, strict=True):
            if j is None:
                args[i] = value
            else:
                args[i][j] = value
        return args

    def __call__(self, inputs: list[Any], using: Callable[..., Any] | None = None) -> Any:
        """The op, or another function of its signature, on these inputs."""
        return (using or self.op.call)(*self.arguments(inputs), **map_values(bare, self.kwargs))

    def results(self, inputs: list[Tensor]) -> list[Tensor]:
        """The floating results as a list."""
        out = self(inputs)
        return [
            t for t in (out if isinstance(out, tuple) else (out,)) if isinstance(t, Tensor) and t.dtype.kind in "fc"
        ]

    def problem(self) -> Function:
        """The op at this sample, as something to differentiate."""
        return Function(self.results, self.arrays, self.names)

    def __str__(self) -> str:
        return written(self.op, self.args, self.kwargs)


def bare(v: Any) -> Any:
    """The array behind a Tensor, also inside a list."""
    if isinstance(v, Tensor):
        return v.data
    return type(v)(map(bare, v)) if type(v) in (list, tuple) else v


def map_values(f: Callable[[Any], Any], d: dict[str, Any]) -> dict[str, Any]:
    return {k: f(v) for k, v in d.items()}


def written(op: Op, args: Iterable[Any], kwargs: dict[str, Any]) -> str:
    """A call as one would type it."""
    parts = [show(bare(v)) for v in args] + [f"{k}={show(bare(v))}" for k, v in kwargs.items()]
    return f"{op.name}({', '.join(parts)})"


def show(v: Any) -> str:
    """An argument in an error message."""
    if isinstance(v, np.ndarray):
        return np.array2string(v, separator=", ", threshold=30).replace("\n", "") + (
            f" {v.shape}" if v.ndim > 1 else ""
        )
    return "[" + ", ".join(map(show, v)) + "]" if isinstance(v, list) else repr(v)


def require(condition: Any, op: Op, call: Any, what: str) -> None:
    """Raise GradientMismatch with the op and its inputs unless the condition holds."""
    if not condition:
        raise GradientMismatch(f"{op.name}: {what}\n  in {call}")


def close(a: Any, b: Any, rtol: float, atol: float = 0.0) -> bool:
    """Equal to rtol of the entry, or of the largest entry if that is below 1; NaN equals NaN."""
    if b.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    floor = min(1.0, float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0)))
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= rtol * np.maximum(np.abs(b), floor) + atol
    return bool(np.all(near | (a == b) | (np.isnan(a) & np.isnan(b))))
