"""Pooling layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ... import ops
from ...engine import Tensor
from ._images import Images, each, padding_word

__all__ = [
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "MaxPooling1D", "MaxPooling2D",
    "MaxPooling3D",
]  # fmt: skip


class _Pooling(Images):
    """One number for each window, channel by channel.

    inputs : (N, *size, C)          out : (N, *positions, C)
    pool_size, strides : a number, or one for each axis; the strides are the pool size unless given.
    padding : "valid" for windows inside only, "same" for as many outputs as inputs over strides.
    """

    op: ClassVar[Callable[..., Tensor]]
    options: ClassVar[tuple[Any, ...]] = ()

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.padding = padding_word(self.name, padding)
        self.pool_size = each(pool_size, self.rank, self.name)
        self.strides = self.pool_size if strides is None else each(strides, self.rank, self.name)

    def call(self, inputs: Tensor) -> Tensor:
        """(N, *size, C) -> (N, *positions, C)."""
        self.channels(inputs.shape)
        return self.last(type(self).op(self.first(inputs), self.pool_size, self.strides, self.padding, *self.options))


class MaxPooling1D(_Pooling):
    __doc__ = _Pooling.__doc__
    rank, op = 1, ops.max_pool1d


class MaxPooling2D(_Pooling):
    __doc__ = _Pooling.__doc__
    rank, op = 2, ops.max_pool2d


class MaxPooling3D(_Pooling):
    __doc__ = _Pooling.__doc__
    rank, op = 3, ops.max_pool3d


class AveragePooling1D(_Pooling):
    __doc__ = _Pooling.__doc__
    rank, op, options = 1, ops.avg_pool1d, (False,)  # padding does not count


class AveragePooling2D(_Pooling):
    __doc__ = _Pooling.__doc__
    rank, op, options = 2, ops.avg_pool2d, (False,)


class AveragePooling3D(_Pooling):
    __doc__ = _Pooling.__doc__
    rank, op, options = 3, ops.avg_pool3d, (False,)


class _GlobalPooling(Images):
    """One number for each channel.

    inputs : (N, *size, C)          out : (N, C), or with size 1 in place of the others with keepdims
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())

    def places(self, inputs: Tensor) -> tuple[int, ...]:
        """The axes that are pooled."""
        self.channels(inputs.shape)
        return tuple(range(1, self.rank + 1) if self.channels_last else range(2, self.rank + 2))


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of all steps, of those that are not masked: (N, T, C) -> (N, C)."""

    rank, supports_masking = 1, True

    def call(self, inputs: Tensor, mask: Any = None) -> Tensor:
        """(N, T, C) -> (N, C)."""
        (axis,) = self.places(inputs)
        if mask is None:
            return inputs.mean(axis=axis, keepdims=self.keepdims)
        keep = mask[:, :, None] if self.channels_last else mask[:, None]
        total = ops.where(keep, inputs, 0.0).sum(axis=axis, keepdims=self.keepdims)
        return total / keep.sum(axis=axis, keepdims=self.keepdims).astype(inputs.dtype)  # type: ignore[no-any-return]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: the mask is used up."""
        return None


class _GlobalAverage(_GlobalPooling):
    def call(self, inputs: Tensor) -> Tensor:
        """(N, *size, C) -> (N, C)."""
        return inputs.mean(axis=self.places(inputs), keepdims=self.keepdims)


class GlobalAveragePooling2D(_GlobalAverage):
    """The mean of all pixels: (N, H, W, C) -> (N, C)."""

    rank = 2


class GlobalAveragePooling3D(_GlobalAverage):
    """The mean of all voxels: (N, D, H, W, C) -> (N, C)."""

    rank = 3


class _GlobalMax(_GlobalPooling):
    def call(self, inputs: Tensor) -> Tensor:
        """(N, *size, C) -> (N, C)."""
        return inputs.max(axis=self.places(inputs), keepdims=self.keepdims)


class GlobalMaxPooling1D(_GlobalMax):
    """The largest of all steps: (N, T, C) -> (N, C)."""

    rank = 1


class GlobalMaxPooling2D(_GlobalMax):
    """The largest of all pixels: (N, H, W, C) -> (N, C)."""

    rank = 2


class GlobalMaxPooling3D(_GlobalMax):
    """The largest of all voxels: (N, D, H, W, C) -> (N, C)."""

    rank = 3
