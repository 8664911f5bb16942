"""What older scripts import from here; ``keras.utils`` has it too."""

from ..utils import timeseries_dataset_from_array
from . import image, sequence

__all__ = ["image", "sequence", "timeseries_dataset_from_array"]
