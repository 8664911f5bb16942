"""Mathematics only: one family of ops a file, under numpy's names. Importing this package gives Tensor its operators."""

from . import (
    activation,
    arithmetic,
    contraction,
    decomposition,
    diagonals,
    enlarging,
    exponential,
    hyperbolic,
    indexing,
    joining,
    linalg,  # noqa: F401 - the namespace ops.linalg
    loss,
    powers,
    products,
    rearranging,
    reduction,
    rounding,
    selection,
    shaping,
    solving,
    trigonometric,
)
from ._methods import attach
from .activation import *  # noqa: F403
from .arithmetic import *  # noqa: F403
from .contraction import *  # noqa: F403
from .decomposition import *  # noqa: F403
from .diagonals import *  # noqa: F403
from .enlarging import *  # noqa: F403
from .exponential import *  # noqa: F403
from .hyperbolic import *  # noqa: F403
from .indexing import *  # noqa: F403
from .joining import *  # noqa: F403
from .loss import *  # noqa: F403
from .powers import *  # noqa: F403
from .products import *  # noqa: F403
from .rearranging import *  # noqa: F403
from .reduction import *  # noqa: F403
from .rounding import *  # noqa: F403
from .selection import *  # noqa: F403
from .shaping import *  # noqa: F403
from .solving import *  # noqa: F403
from .trigonometric import *  # noqa: F403

attach()

__all__ = sorted(
    name
    for family in (
        activation,
        arithmetic,
        contraction,
        decomposition,
        diagonals,
        enlarging,
        exponential,
        hyperbolic,
        indexing,
        joining,
        loss,
        powers,
        products,
        rearranging,
        reduction,
        rounding,
        selection,
        shaping,
        solving,
        trigonometric,
    )
    for name in family.__all__
)
