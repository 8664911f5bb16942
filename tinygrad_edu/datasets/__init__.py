"""Data to learn from: MNIST, embedded and complete, small synthetic sets, and a reader for IDX files.

Importing this package reads no data; each function reads or draws when it is called.
"""

from tinygrad_edu.datasets import mnist
from tinygrad_edu.datasets.idx import read_idx
from tinygrad_edu.datasets.synthetic import blobs, moons, spirals, xor

__all__ = ["blobs", "mnist", "moons", "read_idx", "spirals", "xor"]
