"""Links that the site generator resolves are not dead, and the others are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.lint.markup import read_markup
from ingest.lint.site_pages import SitePages
from rag.addresses.site_rules import Preset, preset_rules, template_of

PAGES = ("links.md", "other-page.md", "sub/index.md", "sub/deep.rst", "01-Big Guide.md")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for page in PAGES:
        (tmp_path / "docs" / page).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / page).write_text("# Page\n")
    return tmp_path / "docs"


def leads(root: Path, target: str, preset: Preset | None = None, page: str = "links.md") -> str:
    """The path that a link leads to, empty where it is dead."""
    rules = None
    if preset is not None:
        rules = preset_rules(preset)
        rules = replace(rules, template=template_of("https://docs.example/kb", rules))
    found = SitePages(root, PAGES, rules).find(page, target)
    return found.resolve().relative_to(root.resolve()).as_posix() if found else ""


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("other-page.md", "other-page.md"),
        ("other-page", "other-page.md"),
        ("./other-page", "other-page.md"),
        ("../other-page/", "other-page.md"),
        ("other-page.html", "other-page.md"),
        ("/other-page.md", "other-page.md"),
        ("/docs/other-page/", "other-page.md"),
        ("sub/", "sub"),
        ("sub/deep", "sub/deep.rst"),
        ("", "links.md"),
        ("none", ""),
        ("none.md", ""),
        ("/other/other-page/", ""),
        ("../../other-page/", ""),
    ],
)
def test_without_rules_a_link_may_follow_those_of_any_generator(
    root: Path, target: str, path: str
) -> None:
    assert leads(root, target) == path


@pytest.mark.parametrize("target", ["other-page", "../other-page/", "other-page.html"])
@pytest.mark.parametrize("preset", [Preset.GITHUB, Preset.GITLAB])
def test_a_host_of_repositories_serves_files_under_their_names(
    root: Path, target: str, preset: Preset
) -> None:
    assert leads(root, target, preset) == ""
    assert leads(root, "other-page.md", preset) == "other-page.md"


@pytest.mark.parametrize(
    ("target", "preset"),
    [
        ("/kb/Big Guide", Preset.DOCUSAURUS),
        ("Big Guide", Preset.DOCUSAURUS),
        ("/kb/01-big-guide/", Preset.HUGO),
        ("/kb/01-Big Guide/", Preset.MKDOCS),
    ],
)
def test_a_page_is_found_by_its_address_on_the_site(
    root: Path, target: str, preset: Preset
) -> None:
    assert leads(root, target, preset) == "01-Big Guide.md"


def test_explicit_anchors_and_those_of_every_style_are_known() -> None:
    text = '## Restart the pool {#restart-pool}\n\n## A & B\n\n## A & B\n\n<a name="old"></a>\n'
    known = read_markup(text, 1).anchors
    assert {"restart-pool", "restart-the-pool", "a--b", "a-b", "a--b-1", "a-b_1", "old"} <= known
    assert "restart-the-pool-restart-pool" not in known
