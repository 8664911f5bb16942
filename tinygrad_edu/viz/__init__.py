"""Pictures: the computation graph, step-by-step explanations, training, weights and mistakes, and the HTML report."""

from ._diagram import Box, Diagram
from ._layout import Layout, layout

__all__ = ["Box", "Diagram", "Layout", "layout"]
