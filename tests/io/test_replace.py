"""Saving when the system says no: the old file stays, the error names the path, nothing is left over."""

import os
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.io import _replace

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


# --- the steps


def test_the_content_is_on_the_disk_before_it_takes_the_name_and_the_name_at_the_end(path, monkeypatch):
    steps = []
    sync, replace = os.fsync, os.replace

    def fsync(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else f"{os.fstat(handle).st_size} bytes"
        steps.append(f"sync {kind}")
        sync(handle)

    def replaced(old: Path, new: Path) -> None:
        assert Path(new) == path
        steps.append("replace")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replaced)
    tg.save(NEW, path)
    assert steps == [f"sync {path.stat().st_size} bytes", "replace", "sync folder"][: 3 if os.name == "posix" else 2]


def test_a_state_that_cannot_be_saved_leaves_the_old_file(path):
    with pytest.raises(TypeError):
        tg.save({"w": np.ones(10), "then": {1, 2}}, path)
    assert_untouched(path)


# --- places and permissions


@contextmanager
def unprivileged() -> Iterator[Path]:
    """A folder that everybody may enter, and no rights of an administrator, whom no permission stops."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        administrator = os.geteuid() == 0
        if administrator:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if administrator:
                os.seteuid(0)


@posix
def test_a_folder_that_may_not_be_written_to():
    with unprivileged() as outer:
        folder = outer / "mine"
        folder.mkdir()
        tg.save(OLD, folder / "run.npz")
        folder.chmod(0o555)
        with pytest.raises(PermissionError, match=r"Permission denied.*Nothing was saved; .*run\.npz'"):
            tg.save(NEW, folder / "run.npz")
        assert_untouched(folder / "run.npz")
        folder.chmod(0o755)


@posix
def test_a_write_protected_file_is_not_replaced():
    """Renaming would replace it: only the folder's permission counts for that."""
    with unprivileged() as folder:
        tg.save(OLD, folder / "run.npz")
        (folder / "run.npz").chmod(0o444)
        with pytest.raises(PermissionError, match=r"Permission denied\. Save to a place that you may write to"):
            tg.save(NEW, folder / "run.npz")
        assert_untouched(folder / "run.npz")


@posix
def test_permissions_are_those_of_the_older_file_or_of_any_new_file(path):
    path.chmod(0o640)
    tg.save(NEW, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    (path.parent / "plain").touch()
    tg.save(NEW, path.parent / "fresh.npz")
    assert (path.parent / "fresh.npz").stat().st_mode == (path.parent / "plain").stat().st_mode


@posix
def test_a_symbolic_link_stays_one_and_its_target_is_replaced(path, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "latest.npz"
    link.symlink_to(path)
    tg.save(NEW, link)
    assert link.is_symlink()
    assert tg.load(path)["w"].size == NEW["w"].size
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "run.npz"]
    assert os.listdir(link.parent) == ["latest.npz"]


@posix
def test_a_link_to_a_file_that_is_not_there_yet_makes_it(tmp_path):
    (tmp_path / "latest.npz").symlink_to("run.npz")
    tg.save(OLD, tmp_path / "latest.npz")
    assert (tmp_path / "latest.npz").is_symlink()
    np.testing.assert_array_equal(tg.load(tmp_path / "run.npz")["w"], OLD["w"])


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Make the folder first\. Nothing was saved: .*run\.npz'"):
        tg.save(OLD, tmp_path / "nowhere" / "run.npz")


def test_a_folder_is_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"This is a folder\. Give the path of a file"):
        tg.save(OLD, tmp_path)


@posix
def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="This is a device or a pipe"):
        tg.save(OLD, tmp_path / "pipe")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@posix
def test_a_reader_that_has_the_old_file_open_reads_it_to_the_end(path):
    old = path.read_bytes()
    with path.open("rb") as file:
        tg.save(NEW, path)
        assert file.read() == old


# --- what killed processes leave


def left_behind(path: Path) -> Path:
    folder = path.parent / f".{path.name}.abc123{_replace.SUFFIX}"
    folder.mkdir()
    (folder / path.name).write_bytes(b"half")
    return folder


@posix
def test_the_next_save_removes_what_a_killed_one_left(path):
    left_behind(path)
    tg.save(OLD, path)
    assert_untouched(path)


def test_only_our_own_left_overs_are_removed(path):
    kept = [".other.npz.abc123.saving", "run.npz.abc123.saving", ".run.npz.abc123", ".run.npz.file.saving"]
    for name in kept[:3]:
        (path.parent / name).mkdir()
    (path.parent / kept[3]).touch()
    tg.save(OLD, path)
    assert sorted(os.listdir(path.parent)) == sorted([*kept, path.name])


@posix
def test_a_save_that_is_still_at_work_is_not_disturbed(path):
    with _replace.replacing(path) as new:
        new.write_bytes(b"from the slow one")
        tg.save(NEW, path)
        assert tg.load(path)["w"].size == NEW["w"].size
    assert path.read_bytes() == b"from the slow one"
    assert os.listdir(path.parent) == [path.name]


def test_without_locks_age_decides(path, monkeypatch):
    monkeypatch.setattr(_replace, "fcntl", None)
    old, young = left_behind(path), path.parent / f".{path.name}.young{_replace.SUFFIX}"
    young.mkdir()
    os.utime(old, (time.time() - 2 * _replace.ABANDONED,) * 2)
    tg.save(OLD, path)
    assert sorted(os.listdir(path.parent)) == [young.name, path.name]


def test_many_threads_save_to_one_path(path):
    """Each file is a whole one, and the last one wins."""
    states = [{"n": n, "w": np.full(10_000, n)} for n in range(8)]
    threads = [threading.Thread(target=lambda s=s: [tg.save(s, path) for _ in range(5)]) for s in states]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        state = tg.load(path)
        assert "n" not in state or (state["w"] == state["n"]).all()
    assert os.listdir(path.parent) == [path.name]
