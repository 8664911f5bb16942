"""What an optimiser is given, read and checked: parameters in groups, and learning rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from ..engine import Tensor
from ..engine.errors import DTypeError, GraphError
from ._flat import Flat

Rate: TypeAlias = float | Callable[[int], float]  # a learning rate, or a schedule: steps done so far -> rate
Params: TypeAlias = Iterable[Tensor | tuple[str, Tensor] | Mapping[str, Any]]


@dataclass
class Group:
    """Parameters with a learning rate and a decay of their own; None: the optimiser's."""

    flats: list[Flat]  # one for each dtype
    lr: Rate | None = None
    weight_decay: float | None = None


def grouped(params: Params) -> Iterator[tuple[list[tuple[str, Tensor]], dict[str, Any]]]:
    """The groups in what a user gave: named parameters, each once, and the group's own options."""
    if hasattr(params, "parameters"):
        raise TypeError(f"Give the optimiser the parameters: {type(params).__name__.lower()}.parameters().")
    entries = list[Any]([params] if isinstance(params, (Tensor, Mapping)) else params)
    groups = entries if entries and isinstance(entries[0], Mapping) else [{"params": entries}]
    seen: dict[int, str] = {}
    for options in groups:
        unknown = set(options) - {"params", "lr", "weight_decay"}
        if unknown or "params" not in options:
            raise TypeError(
                f"A parameter group has 'params' and perhaps 'lr' and 'weight_decay', not {sorted(options)}."
            )
        named = []
        for entry in options["params"]:
            name, p = entry if isinstance(entry, tuple) and len(entry) == 2 else (str(len(seen)), entry)
            check_parameter(p)
            if id(p) not in seen:
                seen[id(p)] = name
                named.append((name, p))
        if named:
            own = {k: checked_rate(v) if k == "lr" else v for k, v in options.items() if k != "params"}
            yield named, own
    if not seen:
        raise ValueError("An optimiser needs parameters, and there are none. Is the model built?")
    if len(set(seen.values())) < len(seen):
        raise ValueError(f"Parameters need different names, these repeat: {sorted(seen.values())}.")


def check_parameter(p: Any) -> None:
    """Refuse what an optimiser cannot move."""
    if not isinstance(p, Tensor):
        raise TypeError(f"An optimiser moves Tensors, not {type(p).__name__}. Give model.parameters().")
    if p.node is not None:
        raise GraphError(
            "An optimiser moves leaves; this Tensor is the result of an op. Give the parameters it came from."
        )
    if p.dtype.kind != "f":
        raise DTypeError(f"An optimiser moves floating numbers; this Tensor has dtype {p.dtype}.")


def is_rate(value: Any) -> bool:
    """Whether this is a number or a schedule, and neither parameters nor a model."""
    return isinstance(value, Real) or (callable(value) and not hasattr(value, "parameters"))


def checked_rate(rate: Any) -> Rate:
    """A learning rate as it is kept: a Python float, or a schedule."""
    if callable(rate):
        return rate  # type: ignore[no-any-return]
    if isinstance(rate, (str, bool)) or np.ndim(rate) or not float(rate) >= 0:
        raise ValueError(f"A learning rate is a number >= 0 or a schedule (steps -> rate), not {rate!r}.")
    return float(rate)


def value_of(rate: Rate, iterations: int) -> float:
    """The learning rate after so many steps."""
    return float(rate(iterations)) if callable(rate) else rate
