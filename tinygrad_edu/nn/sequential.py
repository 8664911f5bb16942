"""Sequential: the model that is a list of layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from ..engine import Tensor, no_grad
from ..engine.errors import NotReadyError, ShapeError
from ..engine.modes import mode
from ..io.objects import deserialize, serialize
from .activation import ReLU
from .functional import Input, InputLayer, fitted
from .model import Model
from .module import Module
from .pooling import MaxPool1d, MaxPool2d, MaxPool3d
from .symbolic import SymbolicTensor

__all__ = ["Sequential"]
POOLS = (MaxPool1d, MaxPool2d, MaxPool3d)


class Sequential(Model):
    """Layers one after the other.

    Sequential([Linear(784, 128), ReLU(), Linear(128, 10)]), or the layers as arguments. Index and slice it like a list.
    An ``Input`` in front, or a first layer with ``input_shape``, has every layer built as soon as it is added.

    >>> from tinygrad_edu.nn import Linear, ReLU
    >>> model = Sequential([Linear(3, 2), ReLU()])
    >>> len(model), model[0]
    (2, Linear(3, 2))
    """

    def __init__(
        self, *given: Any, layers: Iterable[Any] = (), trainable: bool = True, name: str | None = None
    ) -> None:
        self.layers: list[Module] = []
        self._chain: list[
            SymbolicTensor
        ] = []  # where the shape of the input is known: the input, and each layer's output
        super().__init__(name=name)
        first = given[0] if len(given) == 1 and (given[0] is None or isinstance(given[0], (list, tuple))) else given
        for layer in [*(first or ()), *layers]:
            self.append(layer)
        if not trainable:
            self.trainable = False

    def forward(self, x: Tensor) -> Tensor:
        """Through all layers. A list of one input is that one."""
        if isinstance(x, (list, tuple)):
            if len(x) != 1:
                raise ShapeError(
                    f"{self.name}: a Sequential takes one input, and {len(x)} came. Give one array of samples."
                )
            x = x[0]
        if self._chain:
            x = fitted(x, self._chain[0])
        first = x
        for layer in pooled_first(self.layers) if self.built and self.training and mode().record else self.layers:
            try:
                x = layer(x)
            except ShapeError as error:
                raise ShapeError(f"{error}\n{self.story(first, x, self.layers.index(layer))}") from error
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

    def append(self, layer: Module | SymbolicTensor) -> Self:
        """Add a layer at the end, or an ``Input`` in front of all; returns self. ``add`` is another name for it."""
        entry = layer.output if isinstance(layer, InputLayer) else layer
        if isinstance(entry, SymbolicTensor):
            if self.layers or self._chain:
                raise TypeError("Sequential: an Input stands in front of all layers, and there is one at most.")
            self._chain = [entry]
            return self
        if not isinstance(layer, Module):
            hint = " (did you forget the brackets?)" if isinstance(layer, type) else ""
            raise TypeError(f"A layer is a Module, not {layer!r}{hint}.")
        shape = None if self.layers else getattr(layer, "batch_shape", None)
        if shape is not None and not self._chain:
            self._chain = [Input(batch_shape=shape)]
        if self._chain:
            self._chain.append(layer(self._chain[-1]))
        self.layers.append(layer)
        self._know()
        return self

    add = append

    def pop(self, index: int = -1) -> Module:
        """Take a layer out."""
        layer = self.layers.pop(index)
        if self._chain:
            self._link(self._chain[0])
        self._know()
        return layer

    def _link(self, x: SymbolicTensor) -> None:
        """Pass a symbolic input through all layers."""
        self._chain = [x]
        for layer in self.layers:
            self._chain.append(layer(self._chain[-1]))

    def _know(self) -> None:
        """Count as built if the shape of the input is known."""
        self.built = bool(self._chain)
        if self._chain:
            self.input_shape = self._chain[0].shape

    def ends(self) -> tuple[Any, Any]:
        """The symbolic input and output.

        Errors: NotReadyError while the shape of the input is not known.
        """
        if not self._chain:
            if self.input_shape is None:
                raise NotReadyError(
                    f"{self.name} does not know its input's shape yet. Put Input(shape=...) first, or call it once."
                )
            self._link(Input(batch_shape=(None, *self.input_shape[1:])))
        return self._chain[0], self._chain[-1]

    # -- as plain data -------------------------------------------------------------------------------------------------

    @property
    def made_of(self) -> list[Module]:
        """The layers."""
        return self.layers

    def get_config(self) -> dict[str, Any]:
        """Its layers, the input in front, and the shape that it was built for."""
        if type(self).__init__ is not Sequential.__init__:
            return super().get_config()
        entry = [self._chain[0].step.layer] if self._chain and self._chain[0].step else []
        layers = [serialize(layer, self.name) for layer in [*entry, *self.layers]]
        built = serialize(self.input_shape) if self.built else None
        return {"name": self.name, "trainable": self.trainable, "layers": layers, "build_input_shape": built}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Another one with such layers, and new weights."""
        if "layers" not in config or cls.__init__ is not Sequential.__init__:
            return super().from_config(config)
        model = cls([deserialize(layer) for layer in config["layers"]], name=config["name"])
        if not model.built and config.get("build_input_shape"):
            model.build(deserialize(config["build_input_shape"]))
        model._trainable = bool(config["trainable"])
        return model

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


def pooled_first(layers: list[Module]) -> list[Module]:
    """The layers in the order in which they train fastest: a ReLU in front of a max pooling after it.

    Both keep order, so the largest pixel is the same, and so is its gradient; but relu then sees a quarter of the pixels
    and keeps a quarter of the memory. A convnet's step at batch 128 takes 0.9 of the time.
    """
    order = layers[:]
    for i, pool in enumerate(layers):
        if isinstance(pool, POOLS) and i and type(order[i - 1]) is ReLU and not pool.options["padding"]:
            order[i - 1 : i + 1] = pool, order[i - 1]
    return order
