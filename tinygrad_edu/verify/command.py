"""``python -m tinygrad_edu verify``: the table of every op, its worst error by order, pass or fail."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tinygrad_edu

from ..engine import OPS, Op
from ..engine.errors import TinygradEduError, UnknownNameError
from .one_op import OpReport, check_op, op_of, property_of
from .report import table

__all__ = ["add_arguments", "run"]

BAR = 30  # characters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "ops",
        nargs="*",
        metavar="op",
        help="a built-in op (tanh), or one of yours (package.module:name); all if none is given",
    )
    parser.add_argument("--order", type=int, default=1, help="highest order of derivative (default: 1)")
    parser.add_argument("--examples", type=int, default=100, help="how many samples, in proportion (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the samples (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(options: argparse.Namespace) -> int:
    """Verify the ops asked for. 0: all passed, 1: some failed, 2: the question was wrong."""
    start = time.perf_counter()
    try:
        if options.order < 1:
            raise ValueError(f"--order {options.order}: derivatives begin with order 1.")
        ops = [found(text) for text in options.ops] or built_in()
        reports = [
            check_op(op, order=options.order, examples=options.examples, seed=options.seed, raise_on_fail=False)
            for op in progress(ops)
        ]
    except (TinygradEduError, ValueError) as error:
        sys.stderr.write(f"verify: {error}\n")
        return 2
    passed = all(report.passed for report in reports)
    if options.json:
        sys.stdout.write(json.dumps(as_json(reports, options, passed), indent=1) + "\n")
    else:
        sys.stdout.write(as_text(reports, options.order, time.perf_counter() - start) + "\n")
    return 0 if passed else 1


def built_in() -> list[Op]:
    """Every op of the package that has samples, by name."""
    package = tinygrad_edu.__name__ + "."
    return [op for _, op in sorted(OPS.items()) if op.samples is not None and op.rule.__module__.startswith(package)]


def found(text: str) -> Op:
    """The op that a word on the command line names."""
    module, colon, name = text.rpartition(":")
    if not colon:
        return op_of(text)
    try:
        place = importlib.import_module(module)
    except ImportError as error:
        raise ValueError(f"{text}: cannot import {module!r} ({error}). Run from the folder that holds it.") from error
    if not hasattr(place, name):
        known = [n for n, v in vars(place).items() if isinstance(getattr(v, "op", None), Op)]
        raise UnknownNameError(f"op of {module}", name, known)
    return op_of(getattr(place, name))


def progress(ops: list[Op]) -> Iterator[Op]:
    """The ops, with a bar on standard error if somebody is looking."""
    for i, op in enumerate(ops):
        if sys.stderr.isatty():
            done = BAR * i // len(ops)
            sys.stderr.write(f"\r[{'=' * done}{' ' * (BAR - done)}] {i}/{len(ops)} {op.name:<30.30}")
            sys.stderr.flush()
        yield op
    if sys.stderr.isatty():
        sys.stderr.write("\r" + " " * (BAR + 50) + "\r")


def as_text(reports: list[OpReport], order: int, seconds: float) -> str:
    """The table, what failed in words, and the count."""
    orders = range(1, order + 1)
    number: Callable[[OpReport, int], str] = lambda report, k: (
        "WRONG" if property_of(k) in report.failures else f"{report.worst[k]:.1e}" if k in report.worst else "-"
    )
    rows = [
        (r.name, *(number(r, k) for k in orders), f"{r.judged:.0%}", "passed" if r.passed else "FAILED")
        for r in reports
    ]
    grid = table(("op", *(f"worst error, order {k}" for k in orders), "judged", "verdict"), rows)
    failures = [text for r in reports for text in r.reasons]
    right = sum(r.passed for r in reports)
    return "\n".join([grid, "", *failures, f"{right} of {len(reports)} ops passed in {seconds:.1f} s"])


def as_json(reports: Iterable[OpReport], options: argparse.Namespace, passed: bool) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "passed": passed,
        "order": options.order,
        "seed": options.seed,
        "ops": [
            {
                "name": r.name,
                "passed": r.passed,
                "worst_error": {str(k): v for k, v in r.worst.items()},
                "judged": r.judged,
                "failures": r.failures,
            }
            for r in reports
        ],
    }
