"""The disk is full, the disk is broken, Ctrl-C: the old file stays, the error names the path, nothing is left over."""

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.io import _format

OLD = {"w": np.zeros(3)}
NEW = {"w": np.ones(300_000)}
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX file systems only")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A checkpoint that was saved before."""
    tg.save(OLD, tmp_path / "run.npz")
    return tmp_path / "run.npz"


def assert_untouched(path: Path) -> None:
    np.testing.assert_array_equal(tg.load(path)["w"], OLD["w"])
    assert os.listdir(path.parent) == [path.name]


# --- a step fails


@pytest.mark.parametrize("step", ["mkdir", "open", "write", "fsync", "chmod", "replace"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device. Free some space and save again"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (OSError("no number"), "no number"),
        (KeyboardInterrupt(), None),
        (MemoryError(), None),
    ],
    ids=["disk full", "disk broken", "nameless", "Ctrl-C", "no memory"],
)
def test_a_fault_at_any_step_leaves_the_old_file_and_nothing_else(path, monkeypatch, step, fault, said):
    def fail(*_: object, **__: object) -> None:
        raise fault

    place, name = {
        "mkdir": (tempfile, "mkdtemp"),
        "open": (Path, "open"),
        "write": (_format.Writer, "finish"),
        "fsync": (os, "fsync"),
        "chmod": (Path, "chmod"),
        "replace": (os, "replace"),
    }[step]
    with monkeypatch.context() as patch:
        patch.setattr(place, name, fail)
        with pytest.raises(type(fault)) as caught:
            tg.save(NEW, path)
    if said:
        assert said in str(caught.value)
        assert str(caught.value).endswith(f"Nothing was saved; the older file is as it was: '{path}'")
        assert caught.value.errno == (fault.errno or errno.EIO)
    assert_untouched(path)


@posix
def test_a_folder_that_cannot_be_synced_is_named(path, monkeypatch):
    """The new file is in its place then; whether a power cut would take it away again is what is not known."""
    sync = os.fsync

    def fail_on_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail_on_folders)
        with pytest.raises(OSError, match=f"Input/output error: '{path.parent}'"):
            tg.save(NEW, path)
    assert tg.load(path)["w"].size == NEW["w"].size


# --- the disk is full


SMALL = """
import sys, numpy as np, tinygrad_edu as tg
path = sys.argv[1]
tg.save({"w": np.zeros(3)}, path)
%s
try:
    tg.save({"w": np.ones(300_000)}, path)
except OSError as error:
    print(error)
"""


def full_disk(script: str, path: Path, *command: str) -> str:
    """What the error of a save to a full disk says, in a process of its own."""
    return subprocess.run(
        [*command, sys.executable, "-c", script, path],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(tg.__file__).parents[1],
    ).stdout.strip()


@posix
def test_a_limit_on_the_size_of_files(tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))"
    said = full_disk(SMALL % limit, tmp_path / "run.npz")
    assert said.startswith(f"[Errno {errno.EFBIG}] ")
    assert said.endswith(f"the older file is as it was: '{tmp_path / 'run.npz'}'")
    assert_untouched(tmp_path / "run.npz")


@posix
def test_a_file_system_that_is_full(tmp_path):
    """A file system of 1 MiB in memory, in a namespace of its own, where that is allowed."""
    inside = f"mount -t tmpfs -o size=1M none {tmp_path} && "
    space = ["unshare", "-Urm", "bash", "-c"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*space, inside + "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this system lets us mount no file system")
    check = "import os; print(os.listdir(os.path.dirname(path)), tg.load(path)['w'])"
    said = full_disk(SMALL % "" + check, tmp_path / "run.npz", *space, inside + 'exec "$0" "$@"')
    error, after = said.splitlines()
    assert error == (
        f"[Errno {errno.ENOSPC}] No space left on device. Free some space and save again. Nothing was saved; "
        f"the older file is as it was: '{tmp_path / 'run.npz'}'"
    )
    assert after == "['run.npz'] [0. 0. 0.]"
