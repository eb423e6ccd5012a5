"""What the docs name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
_NAMED = re.compile(r"`((?:rag|ingest|api|evals|bench|deploy|tests|runbooks|docs)/[\w./-]*\w/?)`")
_LINKED = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")
_ANCHORED = re.compile(r"\]\(([\w./-]*\.md)?#([\w-]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lost = [name for name in _NAMED.findall(text) if not (ROOT / name).exists()]
    lost += [name for name in _LINKED.findall(text) if not (page.parent / name).exists()]
    assert not lost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_heading_that_a_page_links_to_is_there(page: Path) -> None:
    links = _ANCHORED.findall(page.read_text(encoding="utf-8"))
    assert not [
        f"{name}#{anchor}"
        for name, anchor in links
        if anchor not in _anchors(page.parent / name if name else page)
    ]


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def test_pages_name_files() -> None:
    assert len(_NAMED.findall("".join(page.read_text("utf-8") for page in PAGES))) > 50
