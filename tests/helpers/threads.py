"""Processes played by threads: a World in which several trainings run side by side within one test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any

import numpy as np


class Room:
    """Where the threads of one World meet."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size, timeout=20)
        self.values: list[Any] = [None] * size
        self.messages = 0


class ThreadWorld:
    """One thread's view of it."""

    def __init__(self, room: Room, rank: int) -> None:
        self.room, self.rank, self.size = room, rank, room.barrier.parties

    def from_all(self, value: Any) -> list[Any]:
        self.room.values[self.rank] = value
        self.room.messages += self.rank == 0
        self.room.barrier.wait()
        values = list(self.room.values)
        self.room.barrier.wait()
        return values

    def from_first(self, value: Any) -> Any:
        return self.from_all(value)[0]

    def add_up(self, array: Any) -> None:
        array[...] = sum(self.from_all(array.copy()), np.zeros_like(array))


def together(size: int, work: Callable[[ThreadWorld], Any]) -> list[Any]:
    """What each of so many threads returns; the first error of any of them."""
    room = Room(size)
    results: list[Any] = [None] * size
    errors: list[BaseException] = []

    def run(rank: int) -> None:
        try:
            results[rank] = Context().run(work, ThreadWorld(room, rank))
        except threading.BrokenBarrierError:
            pass
        except BaseException as error:
            errors.append(error)
            room.barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
