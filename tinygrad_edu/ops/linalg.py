"""numpy.linalg's names: ``ops.linalg.inv`` is np.linalg.inv for Tensors. The ops live in the families imported here."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array
from ..engine.op import NUMPY
from . import diagonals
from .contraction import tensordot
from .decomposition import cholesky, eigh, eigvalsh, qr, svd, svdvals
from .norms import matrix_norm, norm, vector_norm
from .products import cross, matmul, multi_dot, outer
from .rearranging import matrix_transpose
from .solving import det, inv, matrix_power, pinv, slogdet, solve

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vector_norm",
]


def diagonal(x: Array, *, offset: int = 0) -> Any:
    """The diagonal of each matrix: ``ops.diagonal`` of the last two axes."""
    return diagonals.diagonal(x, offset, -2, -1)


def trace(x: Array, *, offset: int = 0) -> Any:
    """The sum of each matrix's diagonal: ``ops.trace`` of the last two axes."""
    return diagonals.trace(x, offset, -2, -1)


NUMPY.update({np.linalg.diagonal: diagonal, np.linalg.trace: trace})
