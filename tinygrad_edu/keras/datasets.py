"""Data to learn from. MNIST comes with the package; other sets would have to be downloaded, which nothing here does."""

from ..datasets import mnist

__all__ = ["mnist"]
