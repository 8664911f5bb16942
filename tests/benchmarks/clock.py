"""What time it is, and how much of the machine others are using: a number measured beside a busy neighbour is no number."""

from __future__ import annotations

import os
import time

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# Pinned to one core, a process is timed by its own CPU seconds: neighbours disturb those little.
ON_CPU = CORES == 1
clock = time.process_time if ON_CPU else time.perf_counter


def machine() -> float:
    """CPU seconds that the whole machine has worked so far, its host's other guests included; 0 where nobody counts."""
    try:
        with open("/proc/stat") as file:
            user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    except OSError:
        return 0.0
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


class Neighbours:
    """The share of the machine that others used since the start, given the CPU seconds that were ours."""

    def __init__(self) -> None:
        self.began, self.worked = time.perf_counter(), machine()

    def share(self, ours: float) -> float:
        wall = time.perf_counter() - self.began
        return max(0.0, machine() - self.worked - ours) / (wall * (os.cpu_count() or 1))
