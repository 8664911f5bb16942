"""Boxes and arrows as SVG, DOT and text."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tinygrad_edu.viz import Diagram

SVG = "{http://www.w3.org/2000/svg}"


def small(sideways: bool = False) -> Diagram:
    diagram = Diagram('two "layers" & more', sideways)
    diagram.box("x", "x", "(None, 784)", kind="input")
    diagram.box("a", "Dense <1>", "(None, 10)", "7,850 parameters", kind="module", tip="x @ kernel & bias")
    diagram.box("b", "add")
    diagram.arrow("x", "a")
    diagram.arrow("a", "b")
    diagram.arrow("x", "b")
    return diagram


@pytest.mark.parametrize("sideways", [False, True])
def test_the_svg_is_well_formed_and_complete(sideways: bool) -> None:
    root = ElementTree.fromstring(small(sideways).svg())
    texts = [t.text for t in root.iter(SVG + "text")]
    assert texts == ["x", "(None, 784)", "Dense <1>", "(None, 10)", "7,850 parameters", "add"]
    assert len([p for p in root.iter(SVG + "path") if "marker-end" in p.attrib]) == 3
    assert root.find(SVG + "title").text == 'two "layers" & more'


def test_the_svg_asks_for_nothing_from_outside() -> None:
    text = small().svg().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not any(word in text for word in ("http", "@import", "<script", "href", "url(/"))


def test_text_fits_into_its_box() -> None:
    root = ElementTree.fromstring(small().svg())
    for group in root.iter(SVG + "g"):
        width = float(group.find(SVG + "rect").get("width"))
        assert all(len(t.text) * 6.6 < width for t in group.findall(SVG + "text"))  # a letter at 11 px


def test_dot_quotes_what_dot_would_read() -> None:
    dot = small().dot()
    assert dot.startswith('digraph "two \\"layers\\" & more" {')
    assert 'n1 [label="Dense <1>\\n(None, 10)\\n7,850 parameters"]' in dot
    assert "n0 -> n2" in dot


def test_text_lists_boxes_and_where_they_come_from() -> None:
    assert small().text().splitlines() == [
        "[0] x          (None, 784)",
        "[1] Dense <1>  (None, 10)  7,850 parameters  <- [0]",
        "[2] add                                      <- [1], [0]",
    ]


@pytest.mark.parametrize(
    ("name", "begins"), [("p.svg", "<svg"), ("p.dot", "digraph"), ("p.gv", "digraph"), ("p.txt", "[0] x")]
)
def test_save_goes_by_the_ending(tmp_path: Path, name: str, begins: str) -> None:
    file = small().save(tmp_path / name)
    assert file.read_text().startswith(begins)


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends with \.svg, \.dot, \.gv, \.txt"):
        small().save(tmp_path / "p.png")
    with pytest.raises(ValueError, match="kind is one of op, module"):
        Diagram().box("a", "a", kind="leyer")


def test_an_empty_diagram_is_a_picture_too() -> None:
    ElementTree.fromstring(Diagram().svg())
    assert Diagram().text() == ""
