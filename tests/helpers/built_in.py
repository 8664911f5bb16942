"""The package's own ops, as they are before any test registers one of its own, perhaps under a name that is taken."""

import tinygrad_edu  # noqa: F401 - registers them
from tinygrad_edu.engine import OPS

BUILT_IN = dict(OPS)
