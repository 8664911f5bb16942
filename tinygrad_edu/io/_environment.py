"""What a result depends on besides the code: versions, BLAS kernels and threads."""

from __future__ import annotations

import ctypes
import platform
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..engine.errors import TinygradEduWarning

__all__ = ["ResumeWarning", "environment", "warn_if_other"]


class ResumeWarning(TinygradEduWarning):
    """A run goes on in another environment than it was saved in, so its numbers differ in the last bits."""


def environment() -> dict[str, Any]:
    """Versions of the package, numpy and Python, the machine, and BLAS with its kernels and threads.

    The same seed gives the same bits where all of these are the same. ``kernels`` and ``threads`` are None where the
    library does not tell (only OpenBLAS does).
    """
    return {
        "tinygrad_edu": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "blas": blas(),
    }


def blas() -> dict[str, Any]:
    """Name and version of numpy's BLAS, and what it decided when it was loaded: its kernels and number of threads."""
    config: Any = np.show_config(mode="dicts")
    built = config.get("Build Dependencies", {}).get("blas", {})
    found = {"name": built.get("name"), "version": built.get("version"), "kernels": None, "threads": None}
    package = Path(np.__file__).parent
    try:
        files = sorted([*package.parent.glob("numpy.libs/*openblas*"), *package.glob(".dylibs/*openblas*")])
        libraries = [ctypes.CDLL(str(file)) for file in files]  # loaded already: this finds them
    except OSError:  # a place that this user may not read: then the kernels stay unknown
        return found
    for library in libraries:
        for prefix, suffix in (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "")):
            try:
                kernels = library[f"{prefix}openblas_get_corename{suffix}"]
                threads = library[f"{prefix}openblas_get_num_threads{suffix}"]
            except AttributeError:
                continue
            kernels.restype = ctypes.c_char_p
            return {**found, "kernels": kernels().decode(), "threads": threads()}
    return found


def warn_if_other(saved: Mapping[str, Any], name: str) -> None:
    """Give a ResumeWarning if numbers computed here may differ from those of the environment that was saved."""
    here = environment()
    facts = [(key, saved.get(key), here[key]) for key in ("numpy", "machine")]
    old = saved.get("blas")
    old = old if isinstance(old, Mapping) else {}
    facts += [(f"BLAS {key}", old.get(key), value) for key, value in here["blas"].items()]
    differences = "; ".join(f"{what} was {then}, is {now}" for what, then, now in facts if then != now)
    if differences:
        warnings.warn(
            f"{name}: saved in another environment ({differences}). The run goes on, and is not identical to the last bit "
            "to one that was never stopped. OPENBLAS_CORETYPE and OPENBLAS_NUM_THREADS set kernels and threads.",
            ResumeWarning,
            stacklevel=3,
        )
