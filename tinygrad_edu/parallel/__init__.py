"""Training on many processes and machines, with MPI: ``model.fit(..., callbacks=[parallel.DataParallel()])``.

Reading order: ``data_parallel.py`` (the callback, and what each process does), ``_shares.py`` (who gets which samples),
``_sums.py`` (gradients and metrics added up), ``_summand.py`` (by a message, or in shared memory), ``world.py`` (the
processes, and what they say to each other).
"""

from .data_parallel import DataParallel, ThreadsWarning
from .world import MPIWorld, World

__all__ = ["DataParallel", "MPIWorld", "ThreadsWarning", "World"]
