"""Helpers around models: seeds, labels, sequences, images, data sets. The one place in ``keras`` that knows numpy."""

from ...engine import set_random_seed
from ...io.names import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from ...io.objects import deserialize as deserialize_keras_object
from ...io.objects import serialize as serialize_keras_object
from ...training import pack as pack_x_y_sample_weight
from ...training import unpack as unpack_x_y_sample_weight
from ..backend import clear_session, is_keras_tensor, standardize_dtype
from .arrays import normalize, to_categorical
from .datasets import PyDataset, split_dataset, timeseries_dataset_from_array
from .images import array_to_img, img_to_array, load_img, save_img
from .plotting import model_to_dot, plot_model
from .sequences import pad_sequences

Sequence = PyDataset  # its older name
CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope", "PyDataset", "Sequence", "array_to_img", "clear_session", "custom_object_scope",
    "deserialize_keras_object", "get_custom_objects", "get_registered_name", "get_registered_object", "img_to_array",
    "is_keras_tensor", "load_img", "model_to_dot", "normalize", "pack_x_y_sample_weight", "pad_sequences", "plot_model",
    "register_keras_serializable", "save_img", "serialize_keras_object", "set_random_seed", "split_dataset",
    "standardize_dtype", "timeseries_dataset_from_array", "to_categorical", "unpack_x_y_sample_weight",
]  # fmt: skip
