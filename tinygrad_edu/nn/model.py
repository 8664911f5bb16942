"""Model: a Module that also trains, and that symbolic inputs and outputs can define."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..engine import Tensor
from ..engine.errors import NotReadyError, UnknownNameError
from ..training import Trainer
from .configuration import Storable
from .functional import Graph
from .module import Module
from .naming import auto_name, names_in_order, snake_case
from .summary import summary
from .symbolic import SymbolicTensor, output_shape, symbols, transform
from .weights import Weighted

__all__ = ["Model"]


class Reading:
    """What ``reading`` makes."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function, self.__doc__ = function, function.__doc__

    def __get__(self, model: Any, owner: Any = None) -> Any:
        return self if model is None else self.function(model)


def reading(function: Callable[[Any], Any]) -> Any:
    """A property that gives way to an attribute of the same name: a model may well call a part of its own ``output``."""
    return Reading(function)


class Model(Storable, Weighted, Module, Trainer):  # type: ignore[misc]  # penalties: Weighted's stand for the Trainer's
    """A Module with ``compile``, ``fit``, ``evaluate``, ``predict`` and ``summary``.

    Subclass it as you would Module, or give it symbolic inputs and outputs::

        x = Input(shape=(4,))
        hidden = Linear(8)(x)
        model = Model(inputs=x, outputs=Linear(2)(hidden))

    inputs, outputs : symbolic tensors, or lists or dicts of them.          name : for the summary and messages.
    """

    graph: Graph | None = None

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, *, trainable: bool = True
    ) -> None:
        if (inputs is None) != (outputs is None):
            raise TypeError(f"{type(self).__name__}(inputs, outputs): both are needed, or neither.")
        if inputs is not None:
            self.graph, self.built = Graph(inputs, outputs), True
            self.input_shape = transform(lambda x: x.shape, self.graph.inputs)
            self.output_names = self.graph.output_names
        if name is not None:
            self.name = str(name)
        elif "name" not in vars(self) and isinstance(type(self).name, Reading):
            self.name = auto_name(self.name)
        if not trainable:
            self.trainable = False

    def __call__(self, *inputs: Any, training: bool | None = None, **options: Any) -> Any:
        """Run ``forward``; arrays and lists become Tensors."""
        return super().__call__(*map(as_input, inputs), training=training, **options)

    def forward(self, inputs: Any) -> Any:
        """Through the graph between ``inputs`` and ``outputs``."""
        if self.graph is None:
            raise NotReadyError(f"{type(self).__name__} must define call(inputs), or be made from inputs and outputs.")
        return self.graph(inputs)

    def named_parts(self) -> Iterator[tuple[str, Any]]:
        """The layers of the graph by name, and whatever else was assigned."""
        if self.graph is not None:
            yield from self.graph.layers.items()
        yield from super().named_parts()

    def summary(
        self, input_shape: Any = None, print_fn: Any = print, expand_nested: bool = False, show_trainable: bool = False
    ) -> None:
        """Print a table of layers, output shapes and parameters.

        input_shape : of one batch, None for the batch; needed where a layer's size depends on the input.
        expand_nested : also a row for each part of models in the model.  show_trainable : a column that says Y or N.
        """
        print_fn(summary(self, input_shape, expand_nested, show_trainable))

    # -- its parts -----------------------------------------------------------------------------------------------------

    @reading
    def name(self) -> str:
        """What it is called: as given, else its class in snake_case, numbered from the second of a kind on."""
        return "functional" if self.graph is not None and type(self) is Model else snake_case(type(self).__name__)

    @property
    def made_of(self) -> list[Module]:
        """The layers between the symbolic inputs and outputs; none for a model that is written as a class."""
        return [] if self.graph is None else list(self.graph.layers.values())

    @reading
    def layers(self) -> list[Module]:
        """The modules directly inside, each once."""
        return list(dict.fromkeys(self.children()))

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """A layer by its name, as the summary shows it, or by its place among ``layers``.

        Errors: UnknownNameError with the nearest name.
        """
        if (name is None) == (index is None):
            raise TypeError("get_layer: give a name or an index.")
        if index is not None:
            return self.layers[index]
        names = names_in_order(self.layers)
        if name not in names:
            raise UnknownNameError("layer", name, names)
        return self.layers[names.index(name)]

    # -- its ends ------------------------------------------------------------------------------------------------------

    def ends(self) -> tuple[Any, Any]:
        """The symbolic inputs and outputs.

        Errors: NotReadyError where there are none.
        """
        if self.graph is None:
            raise NotReadyError(
                f"{self.name} was not made from symbolic tensors, so it has no symbolic input or output."
            )
        return self.graph.inputs, self.graph.outputs

    @reading
    def input(self) -> Any:
        """The symbolic input, or the structure of several."""
        return self.ends()[0]

    @reading
    def output(self) -> Any:
        """The symbolic output, or the structure of several."""
        return self.ends()[1]

    @reading
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic inputs, one after the other."""
        return symbols(self.ends()[0])

    @reading
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic outputs, one after the other."""
        return symbols(self.ends()[1])

    @reading
    def output_shape(self) -> Any:
        """The shape of the output, with None where it is not known; or the structure of several."""
        return transform(lambda x: x.shape, self.ends()[1])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input's, (batch, ...), with None where it is not fixed; lists or dicts of several."""
        return output_shape(self, input_shape)


def as_input(x: Any) -> Any:
    """An input as a Tensor: arrays and lists of numbers are welcome, also in a list or dict of inputs."""
    if isinstance(x, dict):
        return {name: as_input(v) for name, v in x.items()}
    if isinstance(x, (list, tuple)) and any(hasattr(v, "shape") and v.shape for v in x):
        return type(x)(map(as_input, x))
    if isinstance(x, (Tensor, SymbolicTensor)):
        return x
    return Tensor(x) if isinstance(x, (list, tuple)) or hasattr(x, "__array__") else x
