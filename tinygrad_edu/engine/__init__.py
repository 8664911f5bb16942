"""The engine: Tensor, the graph, the backward walk, the ``op`` decorator. It knows no mathematics.

Reading order: ``tensor.py`` (a value and its node), ``op.py`` (from rule to node), ``walk.py`` (back along the nodes);
then ``modes.py``, ``mutation.py``, ``protocols.py``, ``transforms.py`` as needed.
"""

from . import errors, protocols
from .device import beside
from .modes import detect_anomaly, enable_grad, no_grad
from .op import NUMPY, OPS, alias, op
from .random import set_random_seed
from .rule import Op, raw
from .tensor import Array, Tensor, tensor

__all__ = [
    "NUMPY",
    "OPS",
    "Array",
    "Op",
    "Tensor",
    "alias",
    "beside",
    "detect_anomaly",
    "enable_grad",
    "errors",
    "no_grad",
    "op",
    "protocols",
    "raw",
    "set_random_seed",
    "tensor",
]
