"""Any function of any structure of inputs, as a ``Problem``: Tensors, arrays, numbers, modules, and lists and dicts of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

import numpy as np

from ..engine import Tensor, enable_grad, no_grad
from ..engine.device import HOST, device_of
from ..engine.errors import NotVerifiableError
from .problem import Problem

__all__ = ["Structured", "results_of"]


class Structured(Problem):
    """``fn(*inputs)`` as a function of every floating number in its inputs, and in itself if it is a module.

    Parameters of modules are exchanged in place while the ``with`` block lasts, and put back at its end.
    notes : what was done to the inputs (promoted to float64).
    """

    def __init__(self, fn: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
        if not callable(fn):
            raise NotVerifiableError(
                f"gradcheck: the function itself comes first, not its result ({type(fn).__name__}): gradcheck(f, x), not "
                "gradcheck(f(x), x)."
            )
        self.fn, self.inputs = fn, inputs
        self.title = getattr(fn, "__name__", type(fn).__name__)
        self.point, self.names = [], []
        self.notes: list[str] = []
        self.parameters: list[Tensor] = []
        self.kept: list[Any] = []
        for name, leaf in self._leaves():
            self.point.append(self._promoted(name, leaf.data if isinstance(leaf, Tensor) else leaf))
            self.names.append(name)
        if not self.point:
            raise NotVerifiableError(
                f"gradcheck: {self.title} was given nothing to differentiate by. Pass float arrays or Tensors: gradcheck(f, x)."
            )

    def _leaves(self) -> Iterator[tuple[str, Any]]:
        """Name and value of each differentiable input; parameters of modules last, each once however often it is shared."""
        modules: list[tuple[str, Any]] = [("", self.fn)] if is_module(self.fn) else []
        for name, value in zip(parameter_names(self.fn, len(self.inputs)), self.inputs, strict=True):
            for path, leaf in opened(value, name):
                if is_module(leaf):
                    modules.append((path + ".", leaf))
                elif differentiable(path, leaf):
                    yield path, leaf
        for prefix, module in modules:
            for name, parameter in module.named_parameters():
                if parameter.requires_grad and not any(parameter is p for p in self.parameters):
                    self.parameters.append(parameter)
                    yield prefix + name, parameter

    def _promoted(self, name: str, value: Any) -> Any:
        if device_of(value) != HOST:
            raise NotVerifiableError(
                f"gradcheck: {name} lives on {device_of(value)!r}, and differences are taken on the host. Give x.to('cpu'), or "
                "move the model: model.to('cpu')."
            )
        array = np.array(value)
        if array.dtype != np.float64 and not isinstance(value, float):
            self.notes.append(f"{name}: {array.dtype} promoted to float64, for differences need its digits")
        return array.astype(np.float64)

    def __enter__(self) -> Structured:
        self.kept = [p.data for p in self.parameters]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for parameter, data in zip(self.parameters, self.kept, strict=True):
            parameter.data = data

    def record(self, arrays: list[Any]) -> tuple[list[Tensor], list[Tensor]]:
        """Run on these inputs and record."""
        own = len(arrays) - len(self.parameters)
        variables = [Tensor(a, requires_grad=True) for a in arrays[:own]]
        with enable_grad():
            return [*variables, *self.parameters], self._run(variables, arrays[own:])

    def values(self, arrays: list[Any]) -> list[Any]:
        """Run on these inputs without recording."""
        own = len(arrays) - len(self.parameters)
        with no_grad():
            return [t.data for t in self._run([Tensor(a) for a in arrays[:own]], arrays[own:])]

    def _run(self, variables: list[Tensor], parameters: list[Any]) -> list[Tensor]:
        for parameter, data in zip(self.parameters, parameters, strict=True):
            parameter.data = data
        supply = iter(variables)
        return results_of(self.fn(*(filled(v, supply) for v in self.inputs)), self.title)


def is_module(v: Any) -> bool:
    """Whether something has parameters of its own (a layer, a model)."""
    return not isinstance(v, type) and callable(getattr(v, "named_parameters", None))


def opened(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The leaves of nested lists, tuples and dicts with the path to each."""
    if isinstance(value, dict):
        for key, v in value.items():
            yield from opened(v, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for i, v in enumerate(value):
            yield from opened(v, f"{path}[{i}]")
    else:
        yield path, value


def filled(value: Any, supply: Iterator[Tensor]) -> Any:
    """The same structure with Tensors from the supply in the place of its differentiable leaves."""
    if isinstance(value, dict):
        return {k: filled(v, supply) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [filled(v, supply) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return next(supply) if not is_module(value) and differentiable("", value) else value


def differentiable(path: str, v: Any) -> bool:
    """Whether an input is checked; integers are refused, for leaving them out silently could hide a mistake."""
    dtype = getattr(v, "dtype", None)
    if dtype is None:
        if isinstance(v, (int, complex)) and not isinstance(v, bool):
            raise NotVerifiableError(
                f"gradcheck: input {path} is {v!r}. Give a float, or close over it: gradcheck(lambda x: f(x, {v!r}), x)."
            )
        return isinstance(v, float)
    if dtype.kind == "f":
        return True
    raise NotVerifiableError(
        f"gradcheck: input {path} has dtype {dtype}, and only real floating numbers have a derivative to check. Convert it to "
        "float64, or, if it is an index or a label, close over it: gradcheck(lambda x: f(x, labels), x)."
    )


def parameter_names(fn: Callable[..., Any], n: int) -> list[str]:
    """What fn calls its positional arguments."""
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[i] if i < len(names) else f"input {i}" for i in range(n)]


def results_of(out: Any, title: str) -> list[Tensor]:
    """The Tensors that a function returned, however nested; anything else is refused, with what it probably means."""
    found = []
    for path, leaf in opened(out, "result"):
        if leaf is None:
            raise NotVerifiableError(f"gradcheck: {title} returned None. Does it end in `return`?")
        if not isinstance(leaf, Tensor):
            raise NotVerifiableError(
                f"gradcheck: {title} returned {type(leaf).__name__} ({path}), not a Tensor, so there is no graph to walk. Return "
                "the Tensor itself, not its .numpy(), .data or float(); for a plain numpy function and its hand-written gradient "
                "use check_gradient(f, df, x)."
            )
        if leaf.dtype.kind not in "fc":
            raise NotVerifiableError(
                f"gradcheck: {path} of {title} has dtype {leaf.dtype} and so no derivative. Return only floating results."
            )
        found.append(leaf)
    return found
