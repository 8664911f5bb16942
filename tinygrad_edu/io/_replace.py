"""Replacing a file as a whole: whatever happens meanwhile, the path holds the old content or the new.

The new content is written in a working folder beside the old file, flushed to the disk, and then takes the old file's
name in one step. A process that is killed leaves its working folder behind, and the next save to that path removes it.
Whether a working folder is still at work is told by a lock, which the system takes back from a dead process; by age
where the file system has no locks.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["replacing"]

SUFFIX = ".saving"
ABANDONED = 3600.0  # seconds after which a working folder without a lock is taken for left behind

ADVICE = {
    errno.ENOSPC: "Free some space and save again. ",
    errno.EDQUOT: "Free some space and save again. ",
    errno.ENOENT: "Make the folder first. ",
    errno.EACCES: "Save to a place that you may write to. ",
    errno.EPERM: "Save to a place that you may write to. ",
    errno.EROFS: "Save to a place that you may write to. ",
    errno.EISDIR: "Give the path of a file. ",
}


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path to write to; when the block ends, that content is at ``path``, on the disk.

    When the block raises, nothing has changed and nothing is left over. A symbolic link stays a link: the file that it
    points to is replaced. Permissions of an older file are kept.
    Errors: OSError of the fitting kind, with ``path`` and what to do.
    """
    target = Path(os.path.realpath(path))
    try:
        _check(target)
        _clean(target)
        with _working_folder(target) as folder:
            new = folder / target.name
            new.touch()
            mode = (target if target.exists() else new).stat().st_mode
            yield new
            _sync(new)
            new.chmod(stat.S_IMODE(mode))
            os.replace(new, target)
    except OSError as error:
        reason = f"{error.strerror or error}. {ADVICE.get(error.errno or 0, '')}Nothing was saved"
        kept = "; the older file is as it was" if target.is_file() else ""
        raise OSError(error.errno or errno.EIO, reason + kept, os.fspath(path)) from error
    if os.name == "posix":  # elsewhere folders cannot be synced
        _sync(target.parent)


def _check(target: Path) -> None:
    """Refuse what must not be replaced, which renaming would do without asking."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "This is a folder")
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "This is a device or a pipe, not a file")
    if target.exists():
        os.close(os.open(target, os.O_WRONLY))  # fails where the file is write-protected


def _sync(path: Path) -> None:
    """Have a file's content, or a folder's names, written to the disk."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error
    finally:
        os.close(handle)


@contextmanager
def _working_folder(target: Path) -> Iterator[Path]:
    """A locked folder of our own beside the target, removed at the end with what is left in it."""
    while True:
        folder = Path(tempfile.mkdtemp(SUFFIX, f".{target.name}.", target.parent))
        with _locked(folder, wait=True):
            if folder.exists():  # else another process took it for abandoned, in the moment before it was locked
                try:
                    yield folder
                finally:
                    shutil.rmtree(folder, ignore_errors=True)
                return


@contextmanager
def _locked(folder: Path, wait: bool) -> Iterator[bool | None]:
    """Hold the lock of a folder: True if we have it, False if somebody else has, None if there are no locks here."""
    if fcntl is None:
        yield None
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # it is gone, or somebody else's
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            held: bool | None = True
        except BlockingIOError:
            held = False
        except OSError:  # some network file systems
            held = None
        yield held
    finally:
        os.close(handle)


def _clean(target: Path) -> None:
    """Remove the working folders that killed processes left behind."""
    with suppress(OSError), os.scandir(target.parent) as entries:  # some folders may be written to but not listed
        for entry in entries:
            ours = entry.name.startswith(f".{target.name}.") and entry.name.endswith(SUFFIX)
            if ours and entry.is_dir(follow_symlinks=False):
                with _locked(Path(entry), wait=False) as held:
                    if held or (held is None and entry.stat().st_mtime < time.time() - ABANDONED):
                        shutil.rmtree(entry, ignore_errors=True)
