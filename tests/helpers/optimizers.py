"""Every optimiser with its options, for tests that run over all of them."""

from typing import Any

import numpy as np

from tinygrad_edu import Tensor, optim, tensor

# v = [1, 2, 3] after three steps along g = [.1, -.2, .3] * s for s = 1, 2, 3 with lr .1: measured in Keras 3.15.1
MEASURED: list[tuple[str, dict[str, Any], list[float]]] = [
    ("SGD", {}, [0.94, 2.12, 2.82]),
    ("SGD", {"momentum": 0.9}, [0.9049, 2.1902, 2.7147]),
    ("SGD", {"momentum": 0.9, "nesterov": True}, [0.85441, 2.29118, 2.56323]),
    ("SGD", {"weight_decay": 0.1}, [0.910698, 2.0598, 2.732094]),
    ("SGD", {"clipnorm": 0.2}, [0.983964, 2.032071, 2.951893]),
    ("SGD", {"global_clipnorm": 0.2}, [0.983964, 2.032071, 2.951893]),
    ("SGD", {"clipvalue": 0.2}, [0.95, 2.06, 2.94]),
    ("Adam", {}, [0.707689, 2.292314, 2.707685]),
    ("Adam", {"amsgrad": True}, [0.707689, 2.292314, 2.707685]),
    ("AdamW", {}, [0.706608, 2.289796, 2.704206]),
    ("RMSprop", {}, [0.139014, 2.861001, 2.138996]),
    ("RMSprop", {"momentum": 0.9}, [-0.658849, 3.658886, 1.341107]),
    ("RMSprop", {"centered": True}, [0.056635, 2.943383, 2.056614]),
    ("RMSprop", {"centered": True, "momentum": 0.9}, [-0.795859, 3.795903, 1.204089]),
    ("Nadam", {}, [0.706768, 2.293232, 2.706768]),
    ("Adamax", {}, [0.754681, 2.245319, 2.754681]),
    ("Adagrad", {}, [0.856972, 2.200337, 2.773097]),
    ("Adadelta", {}, [0.999462, 2.000538, 2.999462]),
    ("Lion", {}, [0.7, 2.3, 2.7]),
]
NAMES = sorted({name for name, _, _ in MEASURED})


def parameter(value: Any, dtype: Any = np.float32) -> Tensor:
    return tensor(np.asarray(value, dtype), requires_grad=True)


def step(optimizer: optim.Optimizer, parameters: list[Tensor], gradients: list[Any]) -> None:
    """One step along these gradients; None for a parameter that has none."""
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = None if g is None else Tensor(np.asarray(g, p.dtype))
    optimizer.step()
