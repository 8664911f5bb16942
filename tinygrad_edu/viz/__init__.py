"""Pictures: the computation graph, the backward walk told step by step, training, weights and mistakes, and the HTML report."""

from ._diagram import Box, Diagram
from ._layout import Layout, layout
from ._rules import describe
from .explain import Explained, Explanation, explain
from .graph import graph
from .html import html
from .pictures import confusion_matrix, curves, mistakes, saliency, weights
from .report import Report, report

__all__ = [
    "Box", "Diagram", "Explained", "Explanation", "Layout", "Report", "confusion_matrix", "curves", "describe", "explain", "graph",
    "html", "layout", "mistakes", "report", "saliency", "weights",
]  # fmt: skip
