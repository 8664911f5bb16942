"""Helpers around models: seeds, labels, sequences, images, data sets. The one place in ``keras`` that knows numpy."""

from ...engine import set_random_seed
from ...training import pack as pack_x_y_sample_weight
from ...training import unpack as unpack_x_y_sample_weight
from ..backend import clear_session, is_keras_tensor
from .arrays import normalize, to_categorical
from .datasets import PyDataset, split_dataset, timeseries_dataset_from_array
from .images import array_to_img, img_to_array
from .plotting import model_to_dot, plot_model
from .sequences import pad_sequences

Sequence = PyDataset  # its older name

__all__ = [
    "PyDataset", "Sequence", "array_to_img", "clear_session", "img_to_array", "is_keras_tensor", "model_to_dot",
    "normalize", "pack_x_y_sample_weight", "pad_sequences", "plot_model", "set_random_seed", "split_dataset",
    "timeseries_dataset_from_array", "to_categorical", "unpack_x_y_sample_weight",
]  # fmt: skip
