"""Layers that hold another layer: in both directions of time, at every step, or with a kernel that is kept small."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ... import ops
from ...engine import Tensor, no_grad
from ...engine.errors import ShapeError
from ..initializers import TruncatedNormal
from .base import Layer, positive

__all__ = ["Bidirectional", "SpectralNormalization", "TimeDistributed", "made"]


def made(layer: Any) -> Layer:
    """A layer, perhaps from ``{"class_name": ..., "config": ...}``."""
    if isinstance(layer, Mapping):
        from . import deserialize

        layer = deserialize(layer)
    if not isinstance(layer, Layer):
        raise TypeError(
            f"A layer is needed, not {layer!r}{' (did you forget the brackets?)' * isinstance(layer, type)}."
        )
    return layer


class Bidirectional(Layer):
    """A recurrent layer that walks the sequence forwards, and a second one that walks it backwards.

    layer : the forward layer; a copy of it is used.  backward_layer : by default another copy that goes the other way.
    merge_mode : "concat", "sum", "mul" or "ave" of what both return; None for a list of the two.
    """

    refused: ClassVar = {"weights": None}
    supports_masking = True
    merges: ClassVar[dict[str | None, Callable[[Any, Any], Any]]] = {
        "concat": lambda a, b: ops.concatenate([a, b], axis=-1),
        "sum": ops.add,
        "mul": ops.multiply,
        "ave": lambda a, b: (a + b) / 2,
        None: lambda a, b: [a, b],
    }

    def __init__(
        self, layer: Any, merge_mode: str | None = "concat", backward_layer: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if merge_mode not in self.merges:
            raise ValueError(f"{self.name}: merge_mode is 'concat', 'sum', 'mul', 'ave' or None, not {merge_mode!r}.")
        self.merge_mode, layer = merge_mode, made(layer)
        config, kind = layer.get_config(), type(layer)
        self.forward_layer: Layer = kind.from_config(config | {"name": f"forward_{layer.name}"})
        other = config | {"name": f"backward_{layer.name}", "go_backwards": not config.get("go_backwards", False)}
        self.backward_layer: Layer = kind.from_config(other) if backward_layer is None else made(backward_layer)
        pair = (self.forward_layer, self.backward_layer)
        for name in ("return_sequences", "return_state", "stateful"):
            if getattr(pair[0], name) != getattr(pair[1], name):
                raise ValueError(f"{self.name}: both layers need the same {name}.")
        if pair[0].go_backwards == pair[1].go_backwards:
            raise ValueError(f"{self.name}: one of the layers needs go_backwards=True, and only one.")
        self.return_sequences, self.return_state = layer.return_sequences, layer.return_state
        for one in pair:
            vars(one)["zero_output_for_mask"] = self.return_sequences

    def call(self, inputs: Tensor, initial_state: Any = None, mask: Any = None) -> Any:
        """(N, T, F) -> what the layers return, merged; with return_state a list that ends with the states of both."""
        half = None if initial_state is None else len(initial_state) // 2
        states = (None, None) if half is None else (initial_state[:half], initial_state[half:])
        forward = self.forward_layer(inputs, initial_state=states[0], mask=mask)
        backward = self.backward_layer(inputs, initial_state=states[1], mask=mask)
        ends = []
        if self.return_state:
            (forward, *first), (backward, *second) = forward, backward
            ends = [*first, *second]
        if self.return_sequences:
            backward = ops.flip(backward, 1)
        out = self.merges[self.merge_mode](forward, backward)
        return out if not ends else [*out, *ends] if isinstance(out, list) else [out, *ends]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the sequence if all outputs are returned."""
        own = previous_mask if self.return_sequences else None
        return [own, own] if self.merge_mode is None else [own] if self.return_state else own

    def reset_state(self) -> None:
        """Start the next call of stateful layers with zeros."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state


class TimeDistributed(Layer):
    """A layer applied to every step, (N, T, ...) -> (N, T, ...), with the same weights.

    All steps of all samples go through it as one batch.
    """

    supports_masking = True

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = made(layer)

    def call(self, inputs: Tensor) -> Tensor:
        """(N, T, ...) -> (N, T, ...)."""
        if inputs.ndim < 3:
            raise ShapeError(
                f"{self.name}: (batch, time, ...) with at least one more axis is needed, not {inputs.shape}."
            )
        n, t = inputs.shape[:2]
        out = self.layer(inputs.reshape(n * t, *inputs.shape[2:]))
        return out.reshape(n, t, *out.shape[1:])  # type: ignore[no-any-return]


class SpectralNormalization(Layer):
    """A layer whose kernel, as a matrix (everything else, out), is divided by its largest singular value before each training step.

    layer : one with a ``kernel`` or ``embeddings``.
    power_iterations : how often the singular vector, which is kept from step to step, is improved at each of them.
    vector_u : (1, out), not trained
    Source: Miyato, Kataoka, Koyama and Yoshida, 2018.
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not positive(power_iterations):
            raise ValueError(f"{self.name}: power_iterations is a whole number > 0, not {power_iterations!r}.")
        self.layer, self.power_iterations = made(layer), power_iterations

    def build(self, input_shape: Any) -> None:
        """Make the layer's weights, and the vector."""
        self.layer.build(input_shape)
        self.kernel: Any = getattr(self.layer, "kernel", getattr(self.layer, "embeddings", None))
        if self.kernel is None:
            raise TypeError(f"{self.name}: {self.layer!r} has no kernel, and no embeddings, that could be normalised.")
        start = TruncatedNormal(stddev=0.02)
        self.vector_u = self.add_weight((1, self.kernel.shape[-1]), start, trainable=False, name="vector_u")

    def call(self, inputs: Tensor) -> Any:
        """What the layer returns."""
        if self.training:
            self.normalize()
        return self.layer(inputs)

    @no_grad()
    def normalize(self) -> None:
        """Improve the vector, and divide the kernel; one of zeros stays."""
        matrix, u, v = self.kernel.reshape(-1, self.kernel.shape[-1]), self.vector_u, None
        for _ in range(self.power_iterations):
            v = unit(u @ matrix.T)
            u = unit(v @ matrix)
        if (matrix.data != 0).any():
            self.vector_u.assign(u)
            self.kernel.assign(self.kernel / (v @ matrix @ u.T).reshape(()))


def unit(x: Any) -> Any:
    """A vector divided by its length."""
    return x / ops.maximum(ops.sqrt(ops.square(x).sum()), 1e-7)
