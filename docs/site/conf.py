"""The documentation as a site, of the same Markdown: `make docs` (Sphinx, MyST, Furo).

The contents at the side are the headings and links of docs/README.md. A link that leads nowhere ends the build.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent.parent
# A link to a file or folder: its text, and the path.
_LINK = re.compile(r"\[([^\]]+)\]\(([^)#: ]+)[^)]*\)")

project = "ingest-image"
copyright = "the authors of ingest-image, Apache-2.0"
extensions = ["myst_parser"]
# The sources are the whole repository, so that links to README and to files of code lead somewhere.
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md"]
root_doc = "docs/README"
html_theme = "furo"
html_title = "ingest-image"
# Headings are linked to as on GitHub.
myst_heading_anchors = 4
# JSON with "..." in it is shown without colours.
suppress_warnings = ["misc.highlighting_failure"]


def read(app: Sphinx, name: str, source: list[str]) -> None:
    """Called with each page's text, in a list of one."""
    source[0] = _LINK.sub(lambda link: _kept(link, ROOT / f"{name}.md"), source[0])
    if name == root_doc:
        source[0] += _contents(source[0])


def _kept(link: re.Match[str], page: Path) -> str:
    """The link, or its text alone: folders, and Markdown that is no page of the site, are named without a link."""
    target = (page.parent / link[2]).resolve()
    elsewhere = target.suffix == ".md" and not any(target.relative_to(ROOT).match(pages) for pages in include_patterns)
    return link[1] if target.is_dir() or (elsewhere and target.exists()) else link[0]


def _contents(text: str) -> str:
    """Lists the pages that the first page links to, under its headings; each once."""
    lists, seen = "", set[str]()
    for heading, section in re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", text, re.MULTILINE):
        pages = [page for page in dict.fromkeys(re.findall(r"\]\(([\w./-]+)\.md", section)) if page not in seen]
        seen.update(pages)
        lists += f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n" + "\n".join(pages) + "\n```\n"
    return lists


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", read)
