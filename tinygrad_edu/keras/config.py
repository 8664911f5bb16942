"""What holds everywhere: single precision, channels last, a small number against division by zero, and limits of runs.

Only one value of each is supported, so setting another one is refused where it stands, not met later as wrong numbers.
"""

from __future__ import annotations

import os
from typing import Any

__all__ = [
    "backend", "disable_interactive_logging", "enable_interactive_logging", "epsilon", "floatx", "image_data_format",
    "is_interactive_logging_enabled", "max_epochs", "max_steps_per_epoch", "set_backend", "set_epsilon", "set_floatx",
    "set_image_data_format", "set_max_epochs", "set_max_steps_per_epoch",
]  # fmt: skip


def backend() -> str:
    """What computes."""
    return "numpy"


def epsilon() -> float:
    """The small number that optimisers and losses use."""
    return 1e-7


def floatx() -> str:
    """The dtype of weights that name none. A layer takes ``dtype="float64"``."""
    return "float32"


def image_data_format() -> str:
    """The order of an image's axes."""
    return "channels_last"


def is_interactive_logging_enabled() -> bool:
    """Whether the progress bar is printed; ``fit(verbose=0)`` turns it off."""
    return True


def only(what: str, value: Any, supported: Any, instead: str) -> None:
    """Refuse another value than the one there is."""
    if value != supported:
        raise ValueError(f"{what}({value!r}): only {supported!r} is supported. {instead}")


def set_backend(backend: str) -> None:
    """Refuse all but "numpy"."""
    only("set_backend", backend, "numpy", "Leave the line out.")


def set_epsilon(value: float) -> None:
    """Refuse all but 1e-7."""
    only("set_epsilon", value, epsilon(), "Optimisers and layers take epsilon=... of their own.")


def set_floatx(value: str) -> None:
    """Refuse all but "float32"."""
    only("set_floatx", value, floatx(), "Layers take dtype='float64'; model.astype('float64') converts a whole model.")


def set_image_data_format(data_format: str) -> None:
    """Refuse all but "channels_last"."""
    only("set_image_data_format", data_format, image_data_format(), "Layers take data_format='channels_first'.")


def disable_interactive_logging() -> None:
    """Refuse: say verbose=0 or verbose=2 where it is meant."""
    raise NotImplementedError(
        "disable_interactive_logging: give fit, evaluate and predict verbose=2, or 0 for silence."
    )


def enable_interactive_logging() -> None:
    """The progress bar is printed: nothing to do."""


def max_epochs() -> int | None:
    """The most epochs that a fit has, from the environment; None for no limit."""
    return limit("KERAS_MAX_EPOCHS")


def max_steps_per_epoch() -> int | None:
    """The most batches that an epoch has, from the environment; None for no limit."""
    return limit("KERAS_MAX_STEPS_PER_EPOCH")


def set_max_epochs(max_epochs: int | None) -> None:
    """Limit the epochs of every fit of this process."""
    set_limit("KERAS_MAX_EPOCHS", max_epochs)


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limit the batches of every epoch of this process."""
    set_limit("KERAS_MAX_STEPS_PER_EPOCH", max_steps_per_epoch)


def limit(name: str) -> int | None:
    """A limit in the environment."""
    return int(os.environ[name]) if os.environ.get(name) else None


def set_limit(name: str, value: int | None) -> None:
    """Set a limit in the environment, or take it away."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = str(int(value))
