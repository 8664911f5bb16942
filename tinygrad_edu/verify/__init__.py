"""Verify: gradients checked against differences, mistakes named, ops proven by the same properties as the built-in ones.

::

    gradcheck(f, x)            every derivative of a function of Tensors, to any order
    check_gradient(f, df, x)   a gradient derived by hand, on plain arrays
    check_op(my_op)            everything that is asked of a built-in op
    strategies                 hypothesis strategies for arrays, shapes, axes, Tensors and the inputs of an op
"""

from .check_op import OpReport, check_op
from .gradcheck import gradcheck
from .handwritten import check_gradient
from .report import GradcheckReport

__all__ = ["GradcheckReport", "OpReport", "check_gradient", "check_op", "gradcheck"]
