"""Saving and loading against numpy's own, on one file system."""

import os
import statistics
import time
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg


def seconds(act: object) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


@pytest.mark.bench
@pytest.mark.parametrize("count", [1, 10, 1000])
def test_100_mb_take_at_most_half_as_long_again_as_with_numpy(tmp_path, count):
    rng = np.random.default_rng(0)
    state = {f"layer{i}.weight": rng.standard_normal(25_000_000 // count, np.float32) for i in range(count)}

    def with_numpy() -> dict:
        with Path(tmp_path / "numpy.npz").open("wb") as file:
            np.savez(file, **state)
            file.flush()
            os.fsync(file.fileno())
        with np.load(tmp_path / "numpy.npz") as archive:
            return {name: archive[name] for name in archive.files}

    def with_ours() -> dict:
        tg.save(state, tmp_path / "ours.npz")
        return tg.load(tmp_path / "ours.npz")

    ratios = [seconds(with_ours) / seconds(with_numpy) for _ in range(9)]
    print(f"{count} arrays: {statistics.median(ratios):.2f} of numpy's time ({min(ratios):.2f} to {max(ratios):.2f})")
    assert statistics.median(ratios) <= 1.5
