"""What is recorded, and how closely it is watched: ``no_grad``, ``enable_grad``, ``detect_anomaly``.

The mode lives in a context variable, so each thread and each asyncio task has its own. The four modes in use are
singletons, which makes the question that every op asks one lookup and one comparison: ``mode() is RECORD``.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Generator
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, TypeVar, cast

__all__ = ["detect_anomaly", "enable_grad", "no_grad", "snapshot"]

F = TypeVar("F", bound=Callable[..., Any])


class Mode(NamedTuple):
    """record: ops build the graph; rerun: a rule is being run on Tensors; anomaly: every value is checked."""

    record: bool = True
    rerun: bool = False
    anomaly: bool = False


RECORD = Mode()
MODES = {RECORD: RECORD} | {
    m: m for m in itertools.starmap(Mode, itertools.product((True, False), repeat=3)) if m != RECORD
}
_mode: ContextVar[Mode] = ContextVar("tinygrad_edu.mode", default=RECORD)
mode = _mode.get


class Switch:
    """A change of mode, as a context manager or as a decorator.

    Exceptions restore the mode. As a decorator it also wraps generator functions: the change then holds while the
    generator's own code runs, and not in its caller between two values. A bare ``with no_grad(): yield`` cannot do
    that: by Python's rules a generator shares its caller's context, so the mode leaks out until the block ends.
    """

    changes: ClassVar[dict[str, bool]] = {}
    changed: ClassVar[dict[Mode, Mode]]  # every mode, and what becomes of it

    def __init_subclass__(cls) -> None:
        cls.changed = {m: MODES[m._replace(**cls.changes)] for m in MODES}

    def __init__(self) -> None:
        self._tokens: list[Token[Mode]] = []

    def __enter__(self) -> None:
        self._tokens.append(_mode.set(self.changed[mode()]))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _mode.reset(self._tokens.pop())

    def __call__(self, function: F) -> F:
        import inspect  # here: it would be a tenth of the package's import time

        fresh = type(self)
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def stepwise(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
                inner = function(*args, **kwargs)
                resume: Callable[[], Any] = lambda: next(inner)
                while True:
                    try:
                        with fresh():
                            value = resume()
                    except StopIteration as stop:
                        return stop.value
                    try:
                        sent = yield value
                        resume = functools.partial(inner.send, sent)
                    except GeneratorExit:
                        inner.close()
                        raise
                    except BaseException as error:
                        resume = functools.partial(inner.throw, error)

            return cast(F, stepwise)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with fresh():
                    return await function(*args, **kwargs)

            return cast(F, awaited)

        @functools.wraps(function)
        def plain(*args: Any, **kwargs: Any) -> Any:
            with fresh():
                return function(*args, **kwargs)

        return cast(F, plain)


class no_grad(Switch):  # noqa: N801 - reads as a statement
    """Compute without recording: results carry no graph, and leaves may be changed in place."""

    changes: ClassVar = {"record": False}


class enable_grad(Switch):  # noqa: N801
    """Record again inside a ``no_grad`` block."""

    changes: ClassVar = {"record": True}


class detect_anomaly(Switch):  # noqa: N801
    """Find where a NaN or an infinity first appears, forwards or backwards, and name the op and the source line.

    Also catches raw numpy writes into values that a recorded op still needs, which the ordinary in-place detection
    cannot see. Every value is checked, so expect everything to take a few times longer.
    """

    changes: ClassVar = {"anomaly": True}


class rerunning(Switch):  # noqa: N801
    """A rule is being run on Tensors (``create_graph=True``): conversions to plain arrays are refused."""

    changes: ClassVar = {"record": True, "rerun": True}


def snapshot() -> Mode:
    """The mode of this thread or task, as a value that can be compared."""
    return mode()
