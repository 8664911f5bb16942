"""Exchange: to PyTorch and Keras and back, and out to ONNX. Users find it in ``io``.

It lies above ``nn``, because it knows layers; ``io`` hands its names on and loads it when one is first used. Nothing here
imports another framework until it is needed.

Reading order: ``_parts.py`` (which layers have weights), ``_torch_layers.py`` (what differs, a line a layer), ``_torch.py``,
``_torch_keras_weights.py`` and ``_torch_keras.py`` (the same for layers in Keras's words), ``_keras.py``; then ``_traced.py`` (what
numpy does beside the graph), ``_recording.py`` (a model as a list of ops, for any batch), ``_onnx.py`` and the rules in
``_onnx_rules.py``, ``_onnx_shapes.py`` and ``_onnx_layers.py``.
"""

from ._keras import from_keras, to_keras
from ._onnx import export_onnx, onnx_rule
from ._parts import ExchangeWarning
from ._torch import from_torch, to_torch, torch_state

__all__ = [
    "ExchangeWarning",
    "export_onnx",
    "from_keras",
    "from_torch",
    "onnx_rule",
    "to_keras",
    "to_torch",
    "torch_state",
]
