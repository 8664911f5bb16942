"""Activations as modules: each is its op, with the options given once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from .. import ops
from ..engine import Tensor
from . import init as start
from .module import Module
from .parameter import Parameter

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Activation",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]  # fmt: skip


class Activation(Module):
    """A module without parameters that applies one op. A subclass names the op; its options become the module's.

    ::

        class Cube(Activation):
            op = my_cube  # an op of yours, or any function of a Tensor
    """

    op: ClassVar[Callable[..., Tensor]]

    def __init_subclass__(cls, **options: Any) -> None:
        """Take over the op's documentation and the names of its options."""
        super().__init_subclass__(**options)
        if "op" in vars(cls):
            cls.op = staticmethod(vars(cls)["op"])
            cls.__doc__ = cls.__doc__ or cls.op.__doc__

    def __init__(self, *values: Any, **options: Any) -> None:
        names = list(inspect.signature(self.op).parameters)[1:]
        if len(values) > len(names):
            raise TypeError(f"{type(self).__name__} takes {len(names)} option(s), {len(values)} were given.")
        self.options = dict(zip(names, values)) | options
        for name in self.options:
            if name not in names:
                raise TypeError(f"{type(self).__name__} has no option {name!r}. It has: {', '.join(names) or 'none'}.")

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> (...)."""
        return self.op(x, **self.options)

    def extra_repr(self) -> str:
        """The options."""
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items())


class Identity(Module):
    """Passes its input on."""

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> (...)."""
        return x


class ReLU(Activation):
    op = ops.relu


class LeakyReLU(Activation):
    op = ops.leaky_relu


class ReLU6(Activation):
    op = ops.relu6


class ELU(Activation):
    op = ops.elu


class CELU(Activation):
    op = ops.celu


class SELU(Activation):
    op = ops.selu


class GELU(Activation):
    op = ops.gelu


class GLU(Activation):
    op = ops.glu


class SiLU(Activation):
    op = ops.silu


class Mish(Activation):
    op = ops.mish


class Sigmoid(Activation):
    op = ops.sigmoid


class LogSigmoid(Activation):
    op = ops.log_sigmoid


class Tanh(Activation):
    op = ops.tanh


class Softplus(Activation):
    op = ops.softplus


class Softsign(Activation):
    op = ops.softsign


class Hardsigmoid(Activation):
    op = ops.hard_sigmoid


class Hardswish(Activation):
    op = ops.hard_swish


class Hardtanh(Activation):
    op = ops.hard_tanh


class Softmax(Activation):
    op = ops.softmax


class LogSoftmax(Activation):
    op = ops.log_softmax


class PReLU(Module):
    """x above 0, weight * x below, with slopes that are learned (He et al., 2015): ``ops.prelu``.

    x : (N, C, ...)          out : x's shape          weight : (num_parameters,)
    num_parameters : 1 slope for all, or one for each of the C channels.  init : where the slopes start.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        self.weight = Parameter(start.get(init)((num_parameters,)))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, ...)."""
        channels = self.weight if self.weight.size == 1 else self.weight.reshape(-1, *(1,) * (x.ndim - 2))
        return ops.prelu(x, channels)

    def extra_repr(self) -> str:
        """The number of slopes."""
        return str(self.weight.size)
