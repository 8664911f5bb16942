"""What of numpy CuPy answers: the names and arguments that a stand-in for its arrays may let through.

``cupy.json`` was read off an installed CuPy, which needs no GPU for it: ``pip install cupy-cuda12x`` and
``python tests/helpers/cupy_surface.py``. It holds facts alone: for each function of numpy that arrays of other libraries can
answer, and each method of arrays, the arguments that CuPy's takes; and the ufuncs it has.
"""

from __future__ import annotations

import inspect
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["MissingError", "see_function", "see_method", "see_ufunc"]

FILE = Path(__file__).with_name("cupy.json")
MODULES = ("numpy", "numpy.linalg", "numpy.fft", "numpy.lib.stride_tricks")
SCATTERS = {"add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor"}
FOLDS = {"reduce": {"add", "multiply"}, "accumulate": {"add", "multiply"}, "reduceat": {"add"}, "at": SCATTERS}
CALL = {"out", "dtype", "casting"}  # no where, no order
FOLD = {"axis", "dtype", "out", "keepdims"}


class MissingError(TypeError):
    """What numpy has and CuPy has not."""


@cache
def surface() -> dict[str, Any]:
    """The table."""
    return json.loads(FILE.read_text())  # type: ignore[no-any-return]


def see_ufunc(name: str, method: str, options: Any) -> None:
    """Raise MissingError for a call of a ufunc, or of one of its methods, that CuPy refuses."""
    table = surface()
    if name not in table["ufuncs"]:
        raise MissingError(f"CuPy {table['version']} has no ufunc {name}.")
    if name not in FOLDS.get(method, {name}):
        raise MissingError(f"CuPy {table['version']} has no {name}.{method}.")
    extra = set(options) - (FOLD if method in FOLDS else CALL)
    if extra:
        raise MissingError(f"CuPy's {name}.{method} takes no {', '.join(sorted(extra))}.")


def see_function(function: Any, args: Any, options: Any) -> None:
    """Raise MissingError for a call of one of numpy's functions that CuPy refuses."""
    see("functions", f"{function.__module__}.{function.__name__}", args, options)


def see_method(name: str, args: Any, options: Any) -> None:
    """Raise MissingError for a call of an array's method that CuPy refuses."""
    see("methods", name, args, options)


def see(kind: str, name: str, args: Any, options: Any) -> None:
    table = surface()
    taken = table[kind].get(name)
    if taken is None:
        raise MissingError(f"CuPy {table['version']} has no {name}.")
    extra = set(options) - set(taken)
    if extra and "**" not in taken:
        raise MissingError(f"CuPy's {name} takes no {', '.join(sorted(extra))}; it takes {', '.join(taken)}.")
    if "*" not in taken and len(args) > len(taken):
        raise MissingError(f"CuPy's {name} takes {len(taken)} arguments, not {len(args)}.")


# -- reading it off ----------------------------------------------------------------------------------------------------


def read() -> dict[str, Any]:
    """The table of the CuPy that is installed."""
    import cupy
    import cupyx.scipy.special as special
    import numpy as np

    functions, ufuncs = {}, set()
    for path in MODULES:
        theirs = attribute(np, path)
        for name in dir(theirs):
            function = getattr(theirs, name)
            own = attribute(cupy, f"{getattr(function, '__module__', path) or path}.{name}")
            if isinstance(function, np.ufunc):
                ufuncs |= {name} if own is not None or hasattr(special, name) else set()
            elif own not in (None, function) and dispatched(function):
                functions[f"{function.__module__}.{function.__name__}"] = arguments(own)
    methods = {n: arguments(getattr(cupy.ndarray, n)) for n in dir(cupy.ndarray) if public(cupy.ndarray, n)}
    return {"version": cupy.__version__, "functions": functions, "methods": methods, "ufuncs": sorted(ufuncs)}


def attribute(root: Any, path: str) -> Any:
    """What a dotted path leads to, its first name being that of the root; None for nothing."""
    for name in path.split(".")[1:]:
        root = getattr(root, name, None)
    return root


def dispatched(function: Any) -> bool:
    """Whether other libraries can answer for a function."""
    return inspect.isroutine(function) or type(function).__name__ == "_ArrayFunctionDispatcher"


def public(kind: type, name: str) -> bool:
    return not name.startswith("_") and callable(getattr(kind, name))


def arguments(function: Any) -> list[str]:
    """Names of arguments; ``*`` and ``**`` where any may come. Compiled ones stand in the first line of the docstring."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        found = re.match(r"[\w.]+\((?:self(?:, )?)?(.*?)\)(?: ->|\s|$)", (function.__doc__ or "").strip(), re.DOTALL)
        if not found:
            return ["*", "**"]
        words = [word.partition("=")[0].split()[-1] for word in re.split(r",\s*(?![^()]*\))", found[1]) if word.strip()]
        return ["*" if word.startswith("*") else word for word in words]
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [stars.get(p.kind, p.name) for p in parameters]


if __name__ == "__main__":
    lines = json.dumps(read(), indent=None, separators=(",", ":"))
    FILE.write_text(re.sub(r'(\],|\{)"', r'\1\n"', lines) + "\n")
