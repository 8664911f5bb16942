"""What mkdocs does for this site beyond its configuration.

- The reference: a page for each room, and for each family of ops, from the package's own files.
- The source: a page for each Python file that a page links to, so that links into the source work here as in a checkout.
- The package as an archive, for the page that runs it in the browser.
- CHANGELOG and CONTRIBUTING, which lie at the top of the repository.
"""

from __future__ import annotations

import importlib
import posixpath
import re
import sys
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).parents[2]
PACKAGE = "tinygrad_edu"
LINK = re.compile(r"(\[(?P<text>[^\]]*)\]\()(?P<target>[^)\s#]+)(?P<rest>#[^)]*)?\)")
ROOMS = {
    "tensor": (
        "The engine",
        [
            "engine.tensor",
            "engine.op",
            "engine.rule",
            "engine.transforms",
            "engine.modes",
            "engine.random",
            "engine.errors",
        ],
    ),
    "nn": ("Networks", ["nn.*"]),
    "training": ("Training", ["training.trainer", "training.losses.*", "training.metrics.*", "training.callbacks.*"]),
    "optim": ("Optimisers", ["optim.*"]),
    "keras": ("Keras's names", ["keras.*", "keras.layers.*"]),
    "verify": ("Verify", ["verify.*"]),
    "viz": ("Pictures", ["viz.*"]),
    "datasets": ("Datasets", ["datasets.*"]),
    "io": ("Files", ["io.*"]),
    "exchange": ("Exchange", ["exchange._torch", "exchange._keras", "exchange._onnx"]),
    "parallel": ("Several processes", ["parallel.*"]),
}


def modules(pattern: str) -> list[str]:
    """The modules that a pattern names, but for private ones."""
    place = ROOT / PACKAGE / pattern.removesuffix(".*").replace(".", "/")
    files = sorted(place.glob("[a-z]*.py")) if pattern.endswith(".*") else [place.with_suffix(".py")]
    return [".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files]


def public(module: str) -> list[str]:
    """What a module defines and its package, or the whole one, offers to users; all of it if the module is offered."""
    parent, _, name = module.rpartition(".")
    defined = importlib.import_module(module)
    offered = {n for m in (parent, PACKAGE) for n in getattr(importlib.import_module(m), "__all__", ())}
    names = [n for n in getattr(defined, "__all__", ()) if callable(getattr(defined, n))]
    return names if name in offered else [n for n in names if n in offered]


SECTION = """## {title}

[{path}](/{path})

::: {module}
    options:
      show_root_heading: false
      show_root_toc_entry: false
      heading_level: 3
      members: {members}
"""


def page_of(title: str, wanted: list[str]) -> str:
    """A page of the reference: a section for each module that offers something."""
    sections = [
        SECTION.format(
            title=m.split(".")[-1].replace("_", " "), path=m.replace(".", "/") + ".py", module=m, members=public(m)
        )
        for m in wanted
        if public(m)
    ]
    return "\n".join([f"# {title}\n", *sections])


def reference() -> dict[str, str]:
    """Pages of the reference: their paths and texts."""
    pages = {}
    for name, (title, patterns) in ROOMS.items():
        pages[f"api/{name}.md"] = page_of(title, [m for p in patterns for m in modules(p)])
    for module in modules("ops.*"):
        family = module.split(".")[-1]
        pages[f"api/ops/{family}.md"] = page_of(f"ops: {family.replace('_', ' ')}", [module])
    return {path: text for path, text in pages.items() if "\n::: " in text}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the navigation."""
    sys.path.insert(0, str(ROOT))  # here, as mkdocs restores the path after loading this file
    pages = list(reference())
    ops = [p for p in pages if p.startswith("api/ops/")]
    rooms = [{ROOMS[Path(p).stem][0]: p} for p in pages if p not in ops]
    config.nav[-1]["Reference"] = [*rooms, {"Ops": [{Path(p).stem.replace("_", " "): p} for p in ops]}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is generated."""

    def add(path: str, text: str, **options: Any) -> None:
        files.append(File.generated(config, path, content=text, **options))

    for path, text in reference().items():
        add(path, text)
    for name in ("CHANGELOG", "CONTRIBUTING"):
        add(f"{name.lower()}.md", (ROOT / f"{name}.md").read_text())
    for name in ("site.css", "worker.js", "runner.js"):
        files.append(File.generated(config, name, abs_src_path=str(Path(__file__).with_name(name))))
    for source in sorted([*(ROOT / PACKAGE).rglob("*.py"), *(ROOT / "examples").rglob("*.py")]):
        path = source.relative_to(ROOT).as_posix()
        add(f"source/{path}.md", SOURCE.format(path=path, code=source.read_text()), inclusion=InclusionLevel.NOT_IN_NAV)
    return files


SOURCE = """---
title: {path}
search: {{exclude: true}}
hide: [toc, navigation]
---

# {path}

``````python linenums="1"
{code}``````
"""


def on_post_page(output: str, page: Any, config: MkDocsConfig) -> str:
    """Nothing comes from a network: the theme's shim for searching from the disk gives way to ours."""
    return output.replace(SHIM, f'src="{posixpath.relpath("worker.js", posixpath.dirname(page.url) or ".")}"')


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    """The same for the page that says that there is none."""
    return output.replace(SHIM, 'src="worker.js"')


SHIM = 'src="https://unpkg.com/iframe-worker/shim"'


def on_page_markdown(markdown: str, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Lead links into the repository to the pages of the source; a symbol's to its line."""
    here = page.file.src_uri

    def redirected(m: re.Match[str]) -> str:
        target = m["target"]
        place = (
            target[1:]
            if target.startswith("/")
            else posixpath.normpath(posixpath.join("docs", posixpath.dirname(here), target))
        )
        if here in ("changelog.md", "contributing.md"):
            place = target
        if "://" in target or place.startswith("..") or not (ROOT / place).exists():
            return m[0]
        if place.endswith(".py"):
            uri = f"source/{place}.md"
        elif place in ("CHANGELOG.md", "CONTRIBUTING.md"):
            uri = place.lower()
        else:
            return m[0]
        return f"{m[1]}{posixpath.relpath(uri, posixpath.dirname(here) or '.')})"

    return LINK.sub(redirected, markdown) if not here.startswith("source/") else markdown


def on_page_content(html: str, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Let a link to the source that names a symbol lead to its line; mkdocs could not check an anchor inside of code."""

    def to_line(m: re.Match[str]) -> str:
        line = line_of(ROOT / m["path"], m["symbol"])
        return f"{m['start']}{f'#L-0-{line}' if line else ''}{m['rest']}"

    return SYMBOL.sub(to_line, html)


SYMBOL = re.compile(
    r'(?P<start><a href="[^"]*source/(?P<path>[^"]*\.py)\.html)(?P<rest>"><code>(?P<symbol>\w+)</code>)'
)


def on_post_build(config: MkDocsConfig) -> None:
    """Put the package beside the pages."""
    with ZipFile(Path(config.site_dir) / f"{PACKAGE}.zip", "w", ZIP_DEFLATED) as archive:
        for path in sorted((ROOT / PACKAGE).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(ROOT))


def line_of(path: Path, symbol: str) -> int:
    """The line on which a file defines a symbol, 0 if it does not."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if re.match(rf"\s*(?:def|class) {symbol}\b|[\w, ]*\b{symbol}\b.* = ", line):
            return number
    return 0
