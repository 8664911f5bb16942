"""How weights start, in Keras's words. A kernel (*size, in, out) is what ``nn.init`` calls (out, in, *size)."""

from __future__ import annotations

from typing import Any

from ..engine import Array, random
from ..engine.ndarray import as_array
from ..io.objects import serialize
from ..nn import init
from ._registry import described, find, reader

__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "Initializer", "LecunNormal",
    "LecunUniform", "Ones", "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros",
    "deserialize", "get", "serialize",
]  # fmt: skip


class Initializer:
    """Makes a weight's first values: subclass it and write ``__call__(shape, dtype=None)``.

    seed : a whole number for the same values at every call; None to draw them from the root that
        ``utils.set_random_seed`` sets.
    """

    seed: int | None = None

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Values of this shape."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(shape, dtype=None).")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another of this kind."""
        return {name: described(value) for name, value in vars(self).items() if not name.startswith("_")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """Another one with the same arguments."""
        return cls(**config)

    def draw(self, how: init.Init, shape: tuple[int, ...], dtype: Any) -> Array:
        """What a function of ``nn.init`` gives."""
        return how(tuple(shape), random.generator(self.seed), dtype or "float32")


class Zeros(Initializer):
    """All 0."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Zeros."""
        return self.draw(init.zeros, shape, dtype)


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Ones."""
        return self.draw(init.ones, shape, dtype)


class Constant(Initializer):
    """All the same value, or an array to be broadcast."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """The value."""
        out = self.draw(init.zeros, shape, dtype)
        out[...] = as_array(self.value, out.dtype)
        return out


class Identity(Initializer):
    """A square matrix with gain on its diagonal."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """The matrix."""
        if len(shape) != 2:
            raise ValueError(f"Identity: a matrix is needed, the shape is {tuple(shape)}.")
        out = self.draw(init.zeros, shape, dtype)
        for i in range(min(shape)):
            out[i, i] = self.gain
        return out


class RandomUniform(Initializer):
    """Evenly between minval and maxval."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """The draws."""
        return self.draw(init.uniform(self.minval, self.maxval), shape, dtype)


class RandomNormal(Initializer):
    """Normally distributed."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """The draws."""
        return self.draw(init.normal(self.mean, self.stddev), shape, dtype)


class TruncatedNormal(RandomNormal):
    """Normally distributed, drawn again beyond two standard deviations."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """The draws."""
        return self.draw(init.truncated_normal(self.mean, self.stddev), shape, dtype)


class Orthogonal(Initializer):
    """A matrix (first axes flattened, last) with orthonormal rows or columns, times gain (Saxe et al., 2013)."""

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain, self.seed = gain, seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """The draws."""
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: a matrix is needed, the shape is {tuple(shape)}.")
        turned = self.draw(init.orthogonal(self.gain), (shape[-1], *shape[:-1]), dtype)
        return turned.transpose(*range(1, len(shape)), 0)


class VarianceScaling(Initializer):
    """Variance scale / n, with n the fan_in, the fan_out or their mean.

    mode : "fan_in", "fan_out" or "fan_avg".  distribution : "truncated_normal", "untruncated_normal" or "uniform".
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        if not scale > 0 or mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"VarianceScaling: scale={scale!r} > 0 and mode={mode!r} of fan_in, fan_out, fan_avg.")
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                f"VarianceScaling: distribution={distribution!r} is not truncated_normal, untruncated_normal or uniform."
            )
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """The draws."""
        turned = (shape[-1], shape[-2], *shape[:-2]) if len(shape) > 2 else shape
        fan_in, fan_out = init.fans(turned)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(n, 1)
        how = {
            "uniform": init.uniform(-((3 * variance) ** 0.5), (3 * variance) ** 0.5),
            "untruncated_normal": init.normal(0.0, variance**0.5),
            # a normal cut at two standard deviations has 0.8796 of its spread
            "truncated_normal": init.truncated_normal(0.0, variance**0.5 / 0.87962566103423978),
        }
        return self.draw(how[self.distribution], shape, dtype)


class _Scaled(VarianceScaling):
    """A VarianceScaling with a name of its own."""

    _of: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self._of, seed=seed)

    def get_config(self) -> dict[str, Any]:
        """The seed; all else is in the name."""
        return {"seed": self.seed}


class GlorotUniform(_Scaled):
    """Variance 2 / (fan_in + fan_out), uniform (Glorot and Bengio, 2010)."""

    _of = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Variance 2 / (fan_in + fan_out), normal (Glorot and Bengio, 2010)."""

    _of = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Variance 2 / fan_in, uniform (He et al., 2015)."""

    _of = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Variance 2 / fan_in, normal (He et al., 2015)."""

    _of = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Variance 1 / fan_in, uniform (LeCun et al., 1998)."""

    _of = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Variance 1 / fan_in, normal (LeCun et al., 1998)."""

    _of = (1.0, "fan_in", "truncated_normal")


zeros, ones, constant, identity, orthogonal = Zeros, Ones, Constant, Identity, Orthogonal
random_uniform, random_normal, truncated_normal, variance_scaling = (
    RandomUniform, RandomNormal, TruncatedNormal, VarianceScaling,
)  # fmt: skip
glorot_uniform, glorot_normal, he_uniform, he_normal = GlorotUniform, GlorotNormal, HeUniform, HeNormal
lecun_uniform, lecun_normal = LecunUniform, LecunNormal
uniform, normal = RandomUniform, RandomNormal

KNOWN = {
    name: value for name, value in vars().items() if isinstance(value, type) and issubclass(value, Initializer)
    and value not in (Initializer, _Scaled)
}  # fmt: skip


def get(identifier: Any) -> Any:
    """An initialiser by name, dict, class or itself; see ``_registry.find``."""
    return find("initializer", identifier, KNOWN)


deserialize = reader("initializer", KNOWN)
