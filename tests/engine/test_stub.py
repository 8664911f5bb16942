"""The stub that editors read is what the ops attach."""

from helpers import stub


def test_the_method_stub_is_up_to_date() -> None:
    assert stub.PATH.read_text() == stub.render(), "run `python -m tests.helpers.stub`"
