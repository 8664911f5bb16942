"""Trials that leave no trace, and what layers carry from one call to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..engine import Array, mutation
from ..engine.device import host
from ..engine.variable import Variable

__all__ = ["carried", "carry", "kept", "rehearsal"]


@contextmanager
def rehearsal(model: Any) -> Iterator[None]:
    """Inside the ``with`` block the model is tried out: what it counts, and what its layers carry on, is then as before.

    Layers that carry something on begin from nothing inside, as the trial's batch may have another size.
    """
    variables, held = kept(model), {id(m): (m, m.carried) for _, m in carriers(model)}
    for module, _ in held.values():
        module.carried = None
    try:
        yield
    finally:
        for _, variable, before in variables:
            if not (variable.data == before).all():
                variable.data[...] = before
                mutation.stamp(variable.data)
        for _, module in carriers(model):  # some may be new
            module.carried = held.get(id(module), (module, None))[1]


def kept(model: Any) -> list[tuple[str, Any, Array]]:
    """The variables that gradients do not move, with a copy of what they hold."""
    variables = model.named_variables() if hasattr(model, "named_variables") else ()
    return [(name, p, p.data.copy()) for name, p in variables if not p.trainable]


def carriers(model: Any) -> Iterator[tuple[str, Any]]:
    """The modules that may carry something on: their attribute ``carried`` is a tuple of Variables, or None."""
    modules = model.named_modules() if hasattr(model, "named_modules") else ()
    return ((name, module) for name, module in modules if hasattr(module, "carried"))


def carried(model: Any) -> dict[str, list[Array]]:
    """What modules carry on, for a file."""
    return {name: [host(v.data) for v in m.carried] for name, m in carriers(model) if m.carried is not None}


def carry(model: Any, saved: Mapping[str, Any]) -> None:
    """Have the modules carry on what is saved, and nothing else."""
    for name, module in carriers(model):
        module.carried = tuple(Variable(value) for value in saved[name]) if name in saved else None
