"""What this machine computes with: Python, numpy, its BLAS, kernels, threads; and one line of advice.

``python -m tinygrad_edu info`` prints it. Matrix products dominate training, and the kernels that BLAS picks for them
can differ by a factor of 1.7 on one machine; no setting is ever changed here.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ._version import __version__

__all__ = ["CORETYPE", "add_arguments", "advice", "collect", "report", "run"]

CORETYPE = "OPENBLAS_CORETYPE"
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def collect() -> dict[str, Any]:
    """The facts, by name; what cannot be found out is None."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    kernels, threads = _openblas("corename", ctypes.c_char_p), _openblas("num_threads", ctypes.c_int)
    return {
        "tinygrad_edu": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        "kernels": kernels.decode() if kernels else None,
        "threads": threads,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cpu": _cpu(),
        "avx512": bool(_features().get("AVX512F")),
        "environment": {name: os.environ[name] for name in (CORETYPE, *THREADS) if name in os.environ},
    }


def advice(facts: dict[str, Any]) -> str:
    """The one thing worth changing, or that there is none."""
    chosen = facts["environment"].get(CORETYPE)
    if chosen and facts["avx512"] and (facts["kernels"] or "").lower() in ("haswell", "zen", "sandybridge", "nehalem"):
        return (
            f"{CORETYPE}={chosen} keeps OpenBLAS from its AVX-512 kernels on a CPU that has them. Without it "
            f"(unset {CORETYPE}) matrix products can be up to 1.7 times as fast; the last bits of results change."
        )
    if chosen:
        return f"{CORETYPE}={chosen} fixes the kernels. Try without it (unset {CORETYPE}): OpenBLAS then chooses."
    limited = [name for name in THREADS if facts["environment"].get(name) == "1"]
    if limited and (facts["cores"] or 1) > 1:
        return f"{limited[0]}=1 keeps matrix products on one of {facts['cores']} cores. Larger batches gain from the others."
    return "Nothing to change."


def report() -> str:
    """The facts as lines of text, the advice last."""
    facts = collect()
    variables = facts.pop("environment")
    lines = {name: "unknown" if value is None else value for name, value in facts.items()}
    lines["avx512"] = "yes" if facts["avx512"] else "no"
    lines |= {
        "environment": ", ".join(f"{k}={v}" for k, v in variables.items()) or f"no {CORETYPE}, no limit of threads"
    }
    lines["advice"] = advice({**facts, "environment": variables})
    return "\n".join(f"{name:<13} {value}" for name, value in lines.items())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the report."""
    facts = collect()
    text = json.dumps(facts | {"advice": advice(facts)}, indent=1) if arguments.json else report()
    sys.stdout.write(text + "\n")
    return 0


def _openblas(question: str, answer: Any) -> Any:
    """Ask the OpenBLAS that numpy has loaded; None where numpy has another BLAS.

    numpy's wheels carry it under prefixed names, with a suffix for 64-bit integers.
    """
    home = Path(np.__file__).parent
    extension = sys.modules.get("numpy._core._multiarray_umath")
    for file in (getattr(extension, "__file__", None), *home.parent.glob("numpy.libs/*openblas*")):
        try:
            library = ctypes.CDLL(str(file))
        except OSError:
            continue
        for prefix in ("scipy_openblas", "openblas"):
            for suffix in ("64_", ""):
                if function := getattr(library, f"{prefix}_get_{question}{suffix}", None):
                    function.restype = answer
                    return function()
    return None


def _features() -> dict[str, bool]:
    """The CPU's instruction sets, as numpy found them."""
    extension = sys.modules.get("numpy._core._multiarray_umath")
    return getattr(extension, "__cpu_features__", {})


def _cpu() -> str:
    """The processor's name."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
