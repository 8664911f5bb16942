"""A file of every format version stays here and always loads."""

import hashlib
import io

import pytest
from helpers.checkpoints import same
from helpers.golden import FOLDER, golden_state

import tinygrad_edu as tg
from tinygrad_edu.io import _format

FILES = sorted(FOLDER.glob("version_*.npz"))
SHA256 = {"version_1": "2b09b0673121fa9c123ea4617bf2e36cca276d06f079b53e1bd827e26c92068c"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_it_loads(path):
    assert same(tg.load(path), golden_state())


def test_every_version_has_one_and_none_was_changed():
    assert {path.stem for path in FILES} == {f"version_{n}" for n in range(1, _format.VERSION + 1)}
    assert {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in FILES} == SHA256


def test_the_present_version_is_written_as_the_golden_file_was(monkeypatch):
    """The same bytes but for the environment: a change in the format asks for a new version."""
    path = FOLDER / f"version_{_format.VERSION}.npz"
    with path.open("rb") as file:
        _, written_by = _format.read(file)
    monkeypatch.setattr(_format, "environment", lambda: written_by)
    again = io.BytesIO()
    _format.write(again, golden_state())
    assert again.getvalue() == path.read_bytes()
