"""Layer: a Module in Keras's words."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ...engine import Tensor
from ...engine.errors import DTypeError, NotReadyError, TinygradEduWarning
from ...nn import Module, Parameter
from ...nn.model import as_input
from ...nn.module import names_of
from ...nn.naming import auto_name, snake_case
from ...nn.symbolic import output_shape, symbolic
from ...nn.weights import Weighted
from ...training.masks import attach, mask_of
from .. import activations, constraints, initializers, regularizers

__all__ = ["Layer", "LostMaskWarning"]

LOOK_UP = {
    "activation": activations.get, "initializer": initializers.get, "regularizer": regularizers.get,
    "constraint": constraints.get,
}  # fmt: skip
DTYPES = (None, "float32", "float64")


class LostMaskWarning(TinygradEduWarning):
    """A layer that cannot work with masks got one: what follows takes the padding for data."""


class Layer(Weighted, Module):
    """A layer: subclass it, make the weights in ``build(input_shape)``, compute in ``call(inputs)``.

    ::

        class Scale(layers.Layer):
            def build(self, input_shape):
                self.factor = self.add_weight(shape=input_shape[-1:], initializer="ones")

            def call(self, inputs):
                return inputs * self.factor

    name : of the layer; else its class's in snake_case, numbered.  trainable : False to leave its weights as they are.
    dtype : of its weights, "float32" or "float64".  activity_regularizer : a penalty on what it returns.
    input_shape, batch_shape : of its input, without and with the batch, for the first layer of a Sequential.

    A ``call`` with a parameter ``mask`` is given the mask of its first input; with ``training``, the mode.
    ``get_config`` has the arguments that the layer was made with, so most subclasses need none of their own.
    """

    refused: ClassVar[Mapping[str, Any]] = {}  # arguments of Keras that are not supported, with their defaults
    supports_masking = False
    name: str = ""
    dtype: str = "float32"
    batch_shape: tuple[int | None, ...] | None = None
    activity_regularizer: Any = None
    _wants_mask = False
    _ends: tuple[Any, Any] | None = None  # the symbolic input and output of its first use in a functional model
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """What ``keep`` has stored."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Note whether ``call`` takes a mask."""
        super().__init_subclass__(**options)
        cls._wants_mask = "mask" in names_of(cls.call) if hasattr(cls, "call") else False

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        activity_regularizer: Any = None,
        input_shape: tuple[int | None, ...] | None = None,
        input_dim: int | None = None,
        batch_shape: tuple[int | None, ...] | None = None,
        **unknown: Any,
    ) -> None:
        for argument, value in unknown.items():
            if argument not in self.refused or self.refused[argument] != value:
                known = [n for n in inspect.signature(type(self)).parameters if n != "kwargs"]
                what = "is not supported here" if argument in self.refused else "is not an argument of this layer"
                raise TypeError(
                    f"{type(self).__name__}: {argument}={value!r} {what}. It takes {', '.join(known)}, name, trainable."
                )
        self.name = auto_name(snake_case(type(self).__name__)) if name is None else str(name)
        self.trainable = trainable
        self.dtype = floating(type(self).__name__, dtype)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        if input_dim is not None:
            input_shape = (input_dim,)
        self.batch_shape = (None, *input_shape) if input_shape is not None else batch_shape

    def keep(self, arguments: Mapping[str, Any]) -> None:
        """Store arguments under their names; activations, initialisers, regularisers and constraints are looked up.

        arguments : ``locals()`` of ``__init__``.
        """
        for name, value in arguments.items():
            if name not in ("self", "kwargs", "__class__"):
                look_up = LOOK_UP.get(name.rpartition("_")[2])
                setattr(self, name, value if look_up is None else look_up(value))

    # -- calls ---------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run ``call``; arrays become Tensors of the layer's dtype, symbolic inputs become part of a functional model."""
        if symbolic(args) or (kwargs and symbolic(kwargs.values())):
            return super().__call__(*args, **kwargs)
        args = tuple([x if isinstance(x, Tensor) else self._input(x) for x in args])
        if not self.name:
            raise NotReadyError(f"{type(self).__name__}: its __init__ must begin with super().__init__(**kwargs).")
        mask = kwargs.get("mask")
        if mask is None and args:
            mask = mask_of(args[0])
            if self._wants_mask:
                kwargs["mask"] = mask
            elif found(mask) and not self.supports_masking:
                self._lose()
                mask = None
        out = super().__call__(*args, **kwargs)
        if mask is not None or type(self).compute_mask is not Layer.compute_mask:
            self._pass_on(out, self.compute_mask(args[0] if args else None, mask))
        if self.activity_regularizer is not None:
            for part in out if isinstance(out, (list, tuple)) else [out]:
                self.add_loss(self.activity_regularizer(part) / len(part))
        return out

    def _input(self, x: Any) -> Any:
        x = as_input(x)
        return x.astype(self.dtype) if isinstance(x, Tensor) and x.dtype.kind == "f" and x.dtype != self.dtype else x

    def _lose(self) -> None:
        warnings.warn(
            f"{self.name}: this {type(self).__name__} does not work with masks, so from here on padding counts as data. Put it "
            "after a layer that uses the mask up (LSTM without return_sequences, GlobalAveragePooling1D), or set "
            "supports_masking = True if it treats every step alike.",
            LostMaskWarning,
            stacklevel=4,
        )

    def _pass_on(self, out: Any, mask: Any) -> None:
        if isinstance(out, (list, tuple)):
            for part, own in zip(out, mask if isinstance(mask, (list, tuple)) else [mask]):
                attach(part, own)
        elif not isinstance(mask, (list, tuple)):
            attach(out, mask)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the output: by default that of the input."""
        return previous_mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input's, with None where it is not fixed; by default zeros are passed through."""
        return output_shape(self, input_shape)

    # -- weights -------------------------------------------------------------------------------------------------------

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Parameter:
        """A new weight; assign it to an attribute of the layer.

        shape : a tuple, () by default.  initializer : Glorot uniform by default.  dtype : the layer's by default.
        regularizer : a penalty on it.  constraint : where it is put back to after each step.
        trainable : False for state that training does not move along a gradient.
        """
        shape = (shape,) if isinstance(shape, int) else tuple(shape or ())
        if any(n is None for n in shape):
            raise NotReadyError(f"{self.name}: a weight of shape {shape} needs sizes that are not known.")
        values = initializers.get("glorot_uniform" if initializer is None else initializer)(
            shape, dtype=dtype or self.dtype
        )
        weight = Parameter(values, trainable=trainable, dtype=dtype or self.dtype)
        weight.name, weight.regularizer = name, regularizers.get(regularizer)
        weight.constraint = constraints.get(constraint)
        return weight

    def weight_for(self, word: str, shape: tuple[int, ...], trainable: bool = True) -> Parameter:
        """A weight as the arguments ``<word>_initializer``, ``_regularizer`` and ``_constraint`` say."""
        how = [getattr(self, f"{word}_{what}", None) for what in ("initializer", "regularizer", "constraint")]
        return self.add_weight(shape, how[0], trainable=trainable, regularizer=how[1], constraint=how[2], name=word)

    # -- configuration -------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another layer like this one, as plain data."""
        own = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        parameters = inspect.signature(type(self).__init__).parameters
        open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        config = {name: value for name, value in own.items() if open_ended or name in parameters}
        return config | {name: value for name, value in super().get_config().items() if name not in own}

    # -- in a functional model -----------------------------------------------------------------------------------------

    @property
    def input(self) -> Any:
        """What it was first called with in a functional model, for ``Model(inputs, outputs)``."""
        return self._end(0)

    @property
    def output(self) -> Any:
        """What it first returned in a functional model, for ``Model(inputs, outputs)``."""
        return self._end(1)

    def _end(self, which: int) -> Any:
        if self._ends is None:
            raise NotReadyError(
                f"{self.name} has not been called on an Input yet, so it has no symbolic input or output."
            )
        return self._ends[which]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


def floating(name: str, dtype: Any) -> str:
    """A dtype for weights by its name.

    Errors: DTypeError for others than float32 and float64.
    """
    word = getattr(dtype, "__name__", None) or getattr(dtype, "name", None) or dtype
    if word not in DTYPES:
        raise DTypeError(
            f"{name}: dtype is 'float32' or 'float64', not {dtype!r}: numpy computes no other floats fast."
        )
    return word or "float32"


def positive(value: Any) -> bool:
    """Whether a value is a whole number above 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def found(mask: Any) -> bool:
    """Whether there is a mask, or one in a list."""
    return any(map(found, mask)) if isinstance(mask, list) else mask is not None
