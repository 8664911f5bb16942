"""Mathematics only: one family of ops a file, under numpy's names. Importing this package gives Tensor its operators."""

from . import (
    activation,
    arithmetic,
    exponential,
    hyperbolic,
    linalg,
    loss,
    powers,
    reduction,
    rounding,
    selection,
    shaping,
    trigonometric,
)
from ._methods import attach
from .activation import *  # noqa: F403
from .arithmetic import *  # noqa: F403
from .exponential import *  # noqa: F403
from .hyperbolic import *  # noqa: F403
from .linalg import *  # noqa: F403
from .loss import *  # noqa: F403
from .powers import *  # noqa: F403
from .reduction import *  # noqa: F403
from .rounding import *  # noqa: F403
from .selection import *  # noqa: F403
from .shaping import *  # noqa: F403
from .trigonometric import *  # noqa: F403

attach()

__all__ = sorted(
    name
    for family in (
        activation,
        arithmetic,
        exponential,
        hyperbolic,
        linalg,
        loss,
        powers,
        reduction,
        rounding,
        selection,
        shaping,
        trigonometric,
    )
    for name in family.__all__
)
