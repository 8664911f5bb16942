"""Models: a Module that also trains. ``Sequential`` is the model that is a list of layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from ..engine import Tensor, no_grad
from ..engine.errors import ShapeError
from ..training import Trainer
from .module import Module
from .summary import summary
from .weights import Weighted

__all__ = ["Model", "Sequential"]


class Model(Weighted, Module, Trainer):  # type: ignore[misc]  # losses: a property for the trainer's attribute
    """A Module with ``compile``, ``fit``, ``evaluate``, ``predict`` and ``summary``. Subclass it as you would Module."""

    def __call__(self, *inputs: Any, training: bool | None = None, **options: Any) -> Any:
        """Run ``forward``; arrays and lists become Tensors."""
        return super().__call__(*map(as_input, inputs), training=training, **options)

    def summary(self, input_shape: tuple[int | None, ...] | None = None, print_fn: Any = print) -> None:
        """Print a table of layers, output shapes and parameters.

        input_shape : of one batch, None for the batch; needed where a layer's size depends on the input.
        """
        print_fn(summary(self, input_shape))


class Sequential(Model):
    """Layers one after the other.

    Sequential([Linear(784, 128), ReLU(), Linear(128, 10)]), or the layers as arguments. Index and slice it like a list.

    >>> from tinygrad_edu.nn import Linear, ReLU
    >>> model = Sequential([Linear(3, 2), ReLU()])
    >>> len(model), model[0]
    (2, Linear(3, 2))
    """

    def __init__(self, *layers: Any) -> None:
        first = layers[0] if len(layers) == 1 and isinstance(layers[0], (list, tuple)) else layers
        self.layers: list[Module] = []
        for layer in first:
            self.append(layer)

    def forward(self, x: Tensor) -> Tensor:
        """Through all layers."""
        first = x
        for i, layer in enumerate(self.layers):
            try:
                x = layer(x)
            except ShapeError as error:
                raise ShapeError(f"{error}\n{self.story(first, x, i)}") from error
        return x

    def story(self, first: Any, last: Any, failed: int) -> str:
        """What became of an input, layer by layer, up to the one that could not take it."""
        lines = [f"  {type(self).__name__}: input {first.shape}"]
        with no_grad():
            for i, layer in enumerate(self.layers[:failed]):
                first = layer(first, training=False)
                lines.append(f"    {i} {layer!r} -> {first.shape}")
        return "\n".join([*lines, f"  > {failed} {self.layers[failed]!r} cannot take {last.shape}"])

    # -- a list of layers ----------------------------------------------------------------------------------------------

    def append(self, layer: Module) -> Self:
        """Add a layer at the end; returns self. ``add`` is another name for it."""
        if not isinstance(layer, Module):
            hint = " (did you forget the brackets?)" if isinstance(layer, type) else ""
            raise TypeError(f"A layer is a Module, not {layer!r}{hint}.")
        self.layers.append(layer)
        self.built = False
        return self

    add = append

    def pop(self, index: int = -1) -> Module:
        """Take a layer out."""
        return self.layers.pop(index)

    def named_parts(self) -> Iterator[tuple[str, Any]]:
        """The layers by number, and whatever else was assigned."""
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))
        yield from ((name, part) for name, part in super().named_parts() if not name.startswith("layers."))

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __getitem__(self, index: int | slice) -> Any:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]


def as_input(x: Any) -> Any:
    """An input as a Tensor: arrays and lists of numbers are welcome, also in a list or dict of inputs."""
    if isinstance(x, dict):
        return {name: as_input(v) for name, v in x.items()}
    if isinstance(x, (list, tuple)) and any(hasattr(v, "shape") and v.shape for v in x):
        return type(x)(map(as_input, x))
    return Tensor(x) if isinstance(x, (list, tuple)) or (hasattr(x, "__array__") and not isinstance(x, Tensor)) else x
