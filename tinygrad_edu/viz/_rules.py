"""The derivative rules of frequent ops as ``explain`` writes them: a formula for each input, and a sentence why.

``{g}`` is the gradient that comes in, ``{out}`` the result, ``{0}``, ``{1}`` the inputs; ``^T`` transposes. A formula without
a comma is an expression, which a test computes and compares with the engine's gradient. Ops that are not here are explained by
the line ``Gradient:`` of their documentation; ``describe`` adds one of yours.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["RULES", "Rule", "describe"]


class Rule(NamedTuple):
    """formulas : of the gradient of each input.  why : in a sentence."""

    formulas: tuple[str, ...]
    why: str = ""


PRODUCT = "Each factor is sent what the other one was."
SLOPE = "Entry by entry: the gradient times the slope of the curve at that point."

RULES: dict[str, Rule] = {
    "add": Rule(("{g}", "{g}"), "A sum passes its gradient on to every term."),
    "subtract": Rule(("{g}", "-{g}"), "A sum passes its gradient on to every term; the second one counts negative."),
    "negative": Rule(("-{g}",)),
    "multiply": Rule(("{g} * {1}", "{g} * {0}"), PRODUCT),
    "divide": Rule(("{g} / {1}", "-{g} * {out} / {1}"), "A quotient is a product with 1 / x, whose slope is -1 / x^2."),
    "square": Rule(("{g} * 2 * {0}",), SLOPE),
    "sqrt": Rule(("{g} / (2 * {out})",), SLOPE),
    "exp": Rule(("{g} * {out}",), "exp is its own slope."),
    "log": Rule(("{g} / {0}",), SLOPE),
    "matmul": Rule(("{g} @ {1}^T", "{0}^T @ {g}"), PRODUCT + " The shapes leave only one way to multiply."),
    "linear": Rule(
        ("{g} @ {1}^T", "{0}^T @ {g}", "{g}, summed over the rows"),
        PRODUCT + " The bias touched every row, so it collects from every row.",
    ),
    "relu": Rule(("{g} * ({0} > 0)",), "What it let through on the way forwards it lets through now; the rest is 0."),
    "sigmoid": Rule(("{g} * {out} * (1 - {out})",), SLOPE + " It is flat, and little comes through, far from 0."),
    "tanh": Rule(("{g} * (1 - {out} * {out})",), SLOPE + " It is flat, and little comes through, far from 0."),
    "softmax": Rule(
        ("{out} * ({g} - sum({g} * {out}))",),
        "The entries of a row sum to 1: what one of them gains the others lose.",
    ),
    "cross_entropy": Rule(
        ("{g} / m * (softmax({0}) - Y)",),
        "Softmax and logarithm together: the answer given minus the answer wanted. "
        "(Y is 1 at the right class, else 0; m is the number of labels.)",
    ),
    "sum": Rule(("{g}, to every entry that was summed",), "Each entry moves the sum by as much as it moves itself."),
    "mean": Rule(("{g} / n, to each of the n entries that were averaged",)),
    "reshape": Rule(("{g}, in the shape of {0}",), "The same entries in another shape."),
    "transpose": Rule(("{g}, with its axes back in their places",), "The same entries in another order."),
    "conv2d": Rule(
        (
            "{g}, spread by the kernels of {1} over the pixels that they saw",
            "each window of {0} times the {g} of its position, summed over positions and images",
            "{g}, summed over positions and images",
        ),
        PRODUCT + " Windows overlap, so a pixel collects from every position that saw it.",
    ),
    "max_pool2d": Rule(("{g}, to the pixel that was the largest of its window",), "The others had no say."),
    "dropout": Rule(("{g}, scaled as the value was where it was kept, else 0",)),
    "power": Rule(("{g} * {1} * {0} ** ({1} - 1)",), SLOPE),
    "pick": Rule(("{g}, as this part of the gradient",), "One of several results of an op."),
    "getitem": Rule(("{g}, at the entries that were taken, else 0",)),
}


def describe(op: str, *formulas: str, why: str = "") -> None:
    """Have ``explain`` write these formulas for an op, one for each input: ``describe("cube", "{g} * 3 * {0}**2")``."""
    RULES[op] = Rule(formulas, why)
