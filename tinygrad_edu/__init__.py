"""tinygrad_edu: a deep-learning framework on numpy that a person can read in an afternoon.

Define networks Keras-style, verify their gradients, extend them with new ops::

    import tinygrad_edu as tg

    model = tg.Sequential([tg.nn.Linear(784, 128), tg.nn.ReLU(), tg.nn.Linear(128, 10), tg.nn.Softmax()])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

The engine and the ops are loaded at once, every other subpackage when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import ops
from ._version import __version__
from .engine import Tensor, detect_anomaly, enable_grad, no_grad, op, raw, set_random_seed, tensor
from .engine.looks import introduce
from .engine.transforms import (
    checkpoint,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)

if TYPE_CHECKING:
    from . import datasets, io, keras, nn, optim, parallel, training, verify, viz
    from .io import load, save
    from .nn import Model, Sequential
    from .verify import check_op, gradcheck

ROOMS = ("datasets", "io", "keras", "nn", "optim", "parallel", "training", "verify", "viz")
FROM_ROOMS = {
    "Model": "nn",
    "Sequential": "nn",
    "check_op": "verify",
    "gradcheck": "verify",
    "load": "io",
    "save": "io",
}

__all__ = [
    "Model",
    "Sequential",
    "Tensor",
    "__version__",
    "check_op",
    "checkpoint",
    "datasets",
    "detect_anomaly",
    "elementwise_grad",
    "enable_grad",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "io",
    "jacobian",
    "jvp",
    "keras",
    "load",
    "nn",
    "no_grad",
    "op",
    "ops",
    "optim",
    "parallel",
    "raw",
    "save",
    "set_random_seed",
    "tensor",
    "training",
    "value_and_grad",
    "verify",
    "viz",
    "vjp",
]


def __getattr__(name: str) -> Any:
    """Load a subpackage at its first use, so that importing the package costs little more than importing numpy."""
    if name in ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name in FROM_ROOMS:
        value = getattr(importlib.import_module(f".{FROM_ROOMS[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


introduce(lambda name: getattr(importlib.import_module(".viz", __name__), name))
