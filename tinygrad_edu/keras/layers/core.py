"""The layers that most models begin with: Dense, EinsumDense, Embedding, Activation, Lambda, Input."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from typing import Any, ClassVar

from ... import ops
from ...engine import Tensor
from ...engine.errors import ShapeError
from ...nn.embedding import whole
from ...nn.functional import Input, InputLayer
from ..initializers import VarianceScaling
from .base import Layer, positive

__all__ = ["Activation", "Dense", "EinsumDense", "Embedding", "Identity", "Input", "InputLayer", "Lambda", "Masking"]

EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class Dense(Layer):
    """activation(inputs @ kernel + bias).

    inputs : (..., in)          out : (..., units)          kernel : (in, units)          bias : (units,)
    """

    refused: ClassVar = {"lora_rank": None, "lora_alpha": None, "quantization_config": None}
    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if not positive(units):
            raise ValueError(f"{self.name}: units is a whole number > 0, not {units!r}.")
        self.keep(locals())

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        if len(input_shape) < 2:
            raise ShapeError(f"{self.name}: inputs (batch, ..., features) are needed, not {tuple(input_shape)}.")
        self.kernel = self.weight_for("kernel", (input_shape[-1], self.units))
        self.bias = self.weight_for("bias", (self.units,)) if self.use_bias else None

    def call(self, inputs: Tensor) -> Tensor:
        """(..., in) -> (..., units)."""
        return self.activation(ops.linear(inputs, self.kernel, self.bias))  # type: ignore[no-any-return]


class EinsumDense(Layer):
    """activation(einsum(equation, inputs, kernel) + bias): a Dense over axes of one's choice.

    equation : "ab,bc->ac" is a Dense; "..." at the left or right end of inputs and result stands for further axes.
    output_shape : of the result without the batch and the axes that "..." stands for; None for sizes of the inputs.
    bias_axes : the letters of the result that the bias has; None for no bias.
    kernel, bias : as the letters say
    """

    refused: ClassVar = {
        "lora_rank": None, "lora_alpha": None, "gptq_unpacked_column_size": None, "quantization_config": None,
    }  # fmt: skip

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        if not (form := EQUATION.fullmatch(equation.replace(" ", ""))):
            raise ValueError(
                f"{self.name}: equation is as in 'ab,bc->ac', '...a,ab->...b' or 'ab...,bc->ac...', not {equation!r}."
            )
        left, own, right, kernel, start, result, end = form.groups("")
        known = set(result) <= set(own + kernel) and set(kernel) <= set(own + result)
        if (left, right) != (start, end) or (left and right) or not known:
            raise ValueError(
                f"{self.name}: {equation!r} has '...' not at one end of both, or a letter of unknown size."
            )
        if bias_axes is not None and not (bias_axes and set(bias_axes) <= set(result)):
            raise ValueError(f"{self.name}: bias_axes are letters of the result {result!r}, not {bias_axes!r}.")
        self._terms = own, kernel, result, left, right

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        own, kernel, result, left, right = self._terms
        spare = len(input_shape) - len(own)  # axes that ... stands for
        sizes = dict(zip(own, input_shape[spare if left else 0 :]))
        given = [self.output_shape] if isinstance(self.output_shape, int) else list(self.output_shape)
        given = given if left and spare else [input_shape[0], *given]
        fits = len(given) == len(result) and (spare >= 0 if left or right else not spare)
        if not fits or any(n not in (None, sizes.setdefault(a, n)) for a, n in zip(result, given)):
            raise ShapeError(
                f"{self.name}: {self.equation!r} does not fit inputs {tuple(input_shape)} and output_shape {self.output_shape}."
            )
        fan_in, fan_out = (math.prod(sizes[a] for a in kernel if (a in result) is out) for out in (False, True))
        how = self.kernel_initializer
        if isinstance(how, VarianceScaling):  # of a matrix, whatever the letters' order
            how = lambda shape, dtype: self.kernel_initializer((fan_in, fan_out), dtype).reshape(shape)
        options = {"regularizer": self.kernel_regularizer, "constraint": self.kernel_constraint, "name": "kernel"}
        self.kernel = self.add_weight([sizes[a] for a in kernel], how, **options)
        self.bias = None
        if self.bias_axes:
            letters = result[min(map(result.find, self.bias_axes)) :]
            shape = [sizes[a] if a in self.bias_axes else 1 for a in letters]
            self.bias = self.weight_for("bias", (*shape, *[1] * (spare if right else 0)))

    def call(self, inputs: Tensor) -> Tensor:
        """As the equation says."""
        out = ops.einsum(self.equation, inputs, self.kernel, optimize=True)
        return self.activation(out if self.bias is None else out + self.bias)  # type: ignore[no-any-return]


class Activation(Layer):
    """An activation as a layer.

    activation : a name of ``activations``, or a function.
    """

    supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return self.activation(inputs)  # type: ignore[no-any-return]


class Identity(Layer):
    """Passes its input on."""

    supports_masking = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return inputs


class Embedding(Layer):
    """The row of a table for each id.

    inputs : (...) ids from 0 to input_dim - 1          out : (..., output_dim)
    mask_zero : id 0 is padding; layers that work with masks then skip it.
    input_length : of old scripts; sequences tell their length themselves, and it is not looked at.
    embeddings : (input_dim, output_dim), evenly between -0.05 and 0.05
    """

    refused: ClassVar = {"weights": None, "lora_rank": None, "lora_alpha": None, "quantization_config": None}

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        *,
        input_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())

    def build(self, input_shape: Any) -> None:
        """Make the table."""
        self.embeddings = self.weight_for("embeddings", (self.input_dim, self.output_dim))

    def call(self, inputs: Any) -> Tensor:
        """(...) -> (..., output_dim)."""
        return ops.embedding(self.embeddings, whole(inputs))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True where the id is not 0, with mask_zero."""
        return whole(inputs) != 0 if self.mask_zero else None


class Masking(Layer):
    """Marks the steps whose features all are mask_value as padding, and sets them to 0.

    inputs : (N, T, F)          out : the same shape
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())

    def call(self, inputs: Tensor) -> Tensor:
        """(N, T, F) -> (N, T, F)."""
        return ops.where(self.compute_mask(inputs)[..., None], inputs, 0.0)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True where a step has any other value."""
        return (inputs.data != self.mask_value).any(axis=-1)


class Lambda(Layer):
    """A function as a layer. It cannot be saved by itself: a file holds no code.

    function : of a Tensor, and of ``mask`` and ``training`` if it has parameters of these names.
    output_shape : not needed here; a shape without the batch, or a function of the input's shape, is believed.
    mask : the mask of the output, or a function of inputs and mask.  arguments : further keyword arguments.
    """

    supports_masking = True

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function, self.output_shape, self.mask = function, output_shape, mask
        self.arguments = dict(arguments or {})

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """What the function returns."""
        names = inspect.signature(self.function).parameters
        extra = {n: v for n, v in (("mask", mask), ("training", training)) if n in names}
        return self.function(inputs, **extra, **self.arguments)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask that was given, or what its function says."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that was given, or what comes out for zeros."""
        if self.output_shape is None:
            return super().compute_output_shape(input_shape)
        return self.output_shape(input_shape) if callable(self.output_shape) else (input_shape[0], *self.output_shape)
