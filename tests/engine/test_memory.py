"""Large blocks stay with the process between the steps of a convnet."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

STEPS = """
import resource
import numpy as np
import tinygrad_edu as tg

x = tg.Tensor(np.ones((128, 16, 28, 28), np.float32))
w = tg.Tensor(np.ones((16, 16, 3, 3), np.float32), requires_grad=True)

def step():
    tg.ops.relu(tg.ops.conv2d(x, w)).sum().backward()
    w.grad = None

for _ in range(4):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 5)
"""


def faults_per_step(keep: str) -> int:
    environment = os.environ | {"TINYGRAD_EDU_KEEP_MEMORY": keep, "OPENBLAS_NUM_THREADS": "1"}
    return int(
        subprocess.run(
            [sys.executable, "-c", STEPS], env=environment, capture_output=True, text=True, check=True
        ).stdout
    )


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_a_step_asks_the_system_for_no_pages_unless_told_to_leave_memory_alone() -> None:
    assert 10 * faults_per_step("1") < faults_per_step("0")
