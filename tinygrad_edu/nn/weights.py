"""Weights as lists, and penalties: what Keras's users expect of every model and layer, on top of ``Module``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import Array, Tensor, beside, mutation
from ..engine.device import host
from ..engine.errors import NotReadyError, ShapeError
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

__all__ = ["Weighted"]


class Call:
    """An outermost call of a module, with all calls inside. penalised : whether ``add_loss`` was called in it."""

    penalised = False


_call: ContextVar[Call] = ContextVar("tinygrad_edu.call")  # the outermost call that is running
OUTSIDE = Call()


class Weighted:
    """A mix-in for modules. Penalties that calls add with ``add_loss`` live until the next outermost call."""

    _added: tuple[Call, list[Any]] = (OUTSIDE, [])  # the call that added them, and the penalties
    _last_call = OUTSIDE

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run ``forward``, and know which call it was."""
        running = _call.get(None)
        token = _call.set(Call()) if running is None else None
        self._last_call = running or _call.get()
        try:
            return super().__call__(*inputs, **options)  # type: ignore[misc]
        finally:
            if token is not None:
                _call.reset(token)

    # -- lists ---------------------------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Parameter]:
        """All parameters, layer by layer, each layer's trained ones first."""
        return list(_ordered(self))  # type: ignore[arg-type]

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The parameters that training moves; frozen ones not."""
        return [p for p in self.weights if p.requires_grad]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The parameters that training leaves: frozen ones, and state such as batch norm's statistics."""
        return [p for p in self.weights if not p.requires_grad]

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    def get_weights(self) -> list[Array]:
        """Copies of the weights' values, in the order of ``weights``."""
        return [host(p.data.copy()) for p in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Take over values in the order of ``weights``; all shapes are checked before anything is written.

        Errors: ShapeError that lists what was expected and what came.
        """
        own = self.weights
        values = [np.asarray(v.data if isinstance(v, Tensor) else v) for v in weights]
        shapes, given = [p.shape for p in own], [v.shape for v in values]
        if shapes != given:
            raise ShapeError(f"set_weights: {type(self).__name__} has weights of shapes {shapes}, not {given}.")
        for p, value in zip(own, values):
            p.data[...] = beside(p, value)
            mutation.stamp(p.data)

    def count_params(self) -> int:
        """The number of entries of all weights.

        Errors: NotReadyError before the weights exist.
        """
        if any(module.waits() for module in self.modules()):  # type: ignore[attr-defined]
            raise NotReadyError(f"{type(self).__name__} has no weights yet. Call it once, or build(input_shape).")
        return sum(math.prod(p.shape) for p in self.weights)

    # -- penalties -----------------------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a number to what training minimises, for this call.

        loss : a Tensor of one entry, or a list of them.
        """
        call = _call.get(OUTSIDE)
        call.penalised = True
        if self._added[0] is not call:
            self._added = (call, [])
        self._added[1].extend(loss if isinstance(loss, (list, tuple)) else [loss])

    @property
    def losses(self) -> list[Any]:
        """What the last call added, here and inside, and the penalties of regularised weights."""
        penalties: list[Any] = []
        if self._last_call.penalised:  # otherwise the walk, a tenth of a small network's step, is saved
            modules = (m for m in self.modules() if isinstance(m, Weighted))  # type: ignore[attr-defined]
            penalties += itertools.chain.from_iterable(m._added[1] for m in modules if m._added[0] is self._last_call)
        if Parameter.regularized:
            penalties += [p.regularizer(p) for p in self.trainable_weights if p.regularizer is not None]
        return penalties


def _ordered(module: Module) -> Iterator[Parameter]:
    """The parameters of a module and all inside, each once."""
    seen: set[int] = set()
    for part in module.modules():
        own = [p for _, p in part.named_parts() if isinstance(p, Parameter) and id(p) not in seen]
        seen.update(map(id, own))
        yield from sorted(own, key=lambda p: not p.trainable)  # stable
