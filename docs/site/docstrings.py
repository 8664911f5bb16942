"""Docstrings as this package writes them, as Markdown, and those that are made when the package runs."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import griffe

OWN_LINE = re.compile(r"^\s*(?:[\w*, ()-]+ : |(?:Gradient|At kinks|Errors|Reference|Source):)")
GAP = re.compile(r"(?<=\S) {3,}(?=\S)")  # two things on one line, as in "x : (n,)          out : ()"


class Docstrings(griffe.Extension):
    """Rewrites each docstring before it is parsed."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Every object with a docstring of its own."""
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)

    def on_module_members(self, *, mod: Any, **_: Any) -> None:
        """What the text does not show: a layer's docstring that is its op's, functions that a function made."""
        running = importlib.import_module(mod.path) if "__all__" in mod.members else None
        for name in getattr(running, "__all__", ()):
            value, member = getattr(running, name), mod.members.get(name)
            doc = inspect.getdoc(value)
            if member is not None and (member.is_alias or member.docstring or not doc):
                continue
            if inspect.isclass(value) and member is not None and member.is_class:
                member.docstring = griffe.Docstring(as_markdown(doc), parent=member)
            elif inspect.isfunction(value):
                mod.set_member(name, function(name, value, doc))


def function(name: str, value: Any, doc: str) -> griffe.Function:
    """A function as it is when the package runs."""
    kinds = {kind.name: getattr(griffe.ParameterKind, kind.name.lower()) for kind in inspect._ParameterKind}
    parameters = [
        griffe.Parameter(p.name, kind=kinds[p.kind.name], default=None if p.default is p.empty else repr(p.default))
        for p in inspect.signature(value).parameters.values()
    ]
    made = griffe.Function(name, parameters=griffe.Parameters(*parameters))
    made.docstring = griffe.Docstring(as_markdown(doc), parent=made)
    return made


def as_markdown(text: str) -> str:
    """The text with examples in fences, `::` as a colon, and hard breaks before shapes, gradient and errors."""
    out: list[str] = []
    example = False
    text = re.sub(r"^::$", "", text, flags=re.MULTILINE)
    for line in re.sub(r"::$", ":", text, flags=re.MULTILINE).split("\n"):
        if line.lstrip().startswith(">>>") and not example:
            example = True
            out += ["", "```pycon"]
        elif example and not line.strip():
            example = False
            out.append("```")
        elif not example and OWN_LINE.match(line) and out and out[-1].strip():
            out[-1] += "  "
        out.append(line if example or line.startswith(" ") else GAP.sub("  \n", line))
    return "\n".join([*out, "```"] if example else out)
