"""Mathematics only: one family of ops a file, under numpy's names. Importing this package gives Tensor its operators."""

import sys

from . import linalg as linalg  # the namespace ops.linalg, as numpy has it
from ._methods import attach
from .activation import *  # noqa: F403
from .arithmetic import *  # noqa: F403
from .batch_norm import *  # noqa: F403
from .comparison import *  # noqa: F403
from .contraction import *  # noqa: F403
from .convolution import *  # noqa: F403
from .cross_entropy import *  # noqa: F403
from .cumulative import *  # noqa: F403
from .decomposition import *  # noqa: F403
from .diagonals import *  # noqa: F403
from .enlarging import *  # noqa: F403
from .exponential import *  # noqa: F403
from .hinge import *  # noqa: F403
from .hyperbolic import *  # noqa: F403
from .indexing import *  # noqa: F403
from .joining import *  # noqa: F403
from .likelihood import *  # noqa: F403
from .loss import *  # noqa: F403
from .neural import *  # noqa: F403
from .normalization import *  # noqa: F403
from .norms import *  # noqa: F403
from .piecewise import *  # noqa: F403
from .pooling import *  # noqa: F403
from .powers import *  # noqa: F403
from .products import *  # noqa: F403
from .rearranging import *  # noqa: F403
from .recurrent import *  # noqa: F403
from .reduction import *  # noqa: F403
from .rounding import *  # noqa: F403
from .selection import *  # noqa: F403
from .shaping import *  # noqa: F403
from .softmax import *  # noqa: F403
from .solving import *  # noqa: F403
from .sorting import *  # noqa: F403
from .special import *  # noqa: F403
from .statistics import *  # noqa: F403
from .trigonometric import *  # noqa: F403

attach()

families = [m for name, m in sys.modules.items() if name.startswith(f"{__name__}.") and "._" not in name]
__all__ = sorted({"linalg"}.union(*(m.__all__ for m in families if m is not linalg)))
