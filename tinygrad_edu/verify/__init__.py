"""Verify: gradients checked against differences, mistakes named, ops proven by the same properties as the built-in ones.

::

    gradcheck(f, x)            every derivative of a function of Tensors, to any order
    gradcheck_model(model, x)  a whole model and each of its layers
    check_gradient(f, df, x)   a gradient derived by hand, on plain arrays
    check_op(my_op)            everything that is asked of a built-in op
    pytest_suite(my_op)        the same as tests in your own suite
    strategies                 hypothesis strategies for arrays, shapes, axes, Tensors and the inputs of an op
"""

from .functions import gradcheck
from .handwritten import check_gradient
from .one_op import OpReport, check_op
from .report import GradcheckReport
from .suite import pytest_suite
from .whole_model import gradcheck_model

__all__ = ["GradcheckReport", "OpReport", "check_gradient", "check_op", "gradcheck", "gradcheck_model", "pytest_suite"]
