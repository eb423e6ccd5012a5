"""Files of a source and their addresses on the site that renders them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rag.addresses.anchors import AnchorStyle, anchor_of
from rag.addresses.site_rules import Preset, SiteRules, preset_rules, template_of

BASE = "https://docs.example/ops"


def rules_of(preset: Preset | None, url: str = BASE) -> SiteRules:
    rules = preset_rules(preset)
    return replace(rules, template=template_of(url, rules))


@pytest.mark.parametrize(
    ("preset", "path", "page"),
    [
        (Preset.MKDOCS, "db/Disk full.md", "/db/Disk%20full/"),
        (Preset.MKDOCS, "db/index.md", "/db/"),
        (Preset.MKDOCS, "README.md", "/"),
        (Preset.BACKSTAGE, "db/disk.md", "/db/disk/"),
        (Preset.HUGO, "DB/Disk Full.md", "/db/disk-full/"),
        (Preset.HUGO, "db/_index.md", "/db/"),
        (Preset.DOCUSAURUS, "01-db/02_disk.mdx", "/db/disk"),
        (Preset.DOCUSAURUS, "db/2024-01-02-outage.md", "/db/2024-01-02-outage"),
        (Preset.DOCUSAURUS, "db/db.md", "/db"),
        (Preset.DOCUSAURUS, "db/index.md", "/db"),
        (Preset.GITHUB, "db/README.md", "/db/README.md"),
        (Preset.GITLAB, "db/disk full.md", "/db/disk%20full.md"),
        (None, "db/index.md", "/db/index.md"),
    ],
)
def test_a_preset_gives_the_address_of_a_page(preset: Preset, path: str, page: str) -> None:
    assert rules_of(preset).url(path) == BASE + page


@pytest.mark.parametrize(
    ("template", "address"),
    [
        ("https://h/{path}?at={revision}", "https://h/A%20b/C%7Bpath%7D.md?at=12ab"),
        ("https://h/{path_without_suffix}.html", "https://h/A%20b/C%7Bpath%7D.html"),
        ("https://h/{slug}/", "https://h/a-b/c-path/"),
        ("https://h/view?page={slug}", "https://h/view?page=a-b/c-path"),
    ],
)
def test_a_template_is_filled_once(template: str, address: str) -> None:
    assert rules_of(None, template).url("A b/C{path}.md", "12ab") == address


def test_without_a_revision_its_place_is_left() -> None:
    assert rules_of(None, "https://h/{revision}/{path}").url("a.md") == "https://h/{revision}/a.md"


def test_own_rules_come_after_those_of_the_preset() -> None:
    rules = rules_of(Preset.DOCUSAURUS)
    moved = (re.compile(r"^guides/"), "how-to/")
    rules = replace(rules, lower_case=True, replacements=(*rules.replacements, moved))
    assert rules.url("01-guides/Disk.md") == f"{BASE}/how-to/disk"


def test_a_site_without_an_address_gives_none() -> None:
    assert SiteRules().url("a.md") is None


@pytest.mark.parametrize(
    ("heading", "style", "anchor"),
    [
        ("Roll back & restart!", AnchorStyle.GITHUB, "roll-back--restart"),
        ("Roll back & restart!", AnchorStyle.GITLAB, "roll-back-restart"),
        ("Roll back & restart!", AnchorStyle.MKDOCS, "roll-back-restart"),
        ("Größe: à 100%", AnchorStyle.GITHUB, "größe-à-100"),
        ("Größe: à 100%", AnchorStyle.MKDOCS, "groe-a-100"),
        ("!", AnchorStyle.GITHUB, ""),
    ],
)
def test_each_style_makes_its_own_anchor(heading: str, style: AnchorStyle, anchor: str) -> None:
    assert anchor_of(heading, style) == anchor


@pytest.mark.parametrize(
    ("url", "section", "expected"),
    [
        (f"{BASE}/db/disk/", ("Mitigation", "Roll back"), f"{BASE}/db/disk/#roll-back"),
        (f"{BASE}/db/disk/", (), f"{BASE}/db/disk/"),
        (f"{BASE}/db/disk/", ("!",), f"{BASE}/db/disk/"),
        ("https://wiki.example/7", ("Mitigation",), "https://wiki.example/7"),
        (None, ("Mitigation",), None),
    ],
)
def test_a_section_has_an_anchor_where_the_page_is_the_sites(
    url: str | None, section: tuple[str, ...], expected: str | None
) -> None:
    rules = rules_of(Preset.MKDOCS)
    assert rules.section_url(url, "db/disk.md", "12ab", section) == expected


def test_a_declared_anchor_takes_the_place_of_the_one_that_the_site_would_make() -> None:
    rules = rules_of(Preset.MKDOCS)
    url = rules.section_url(f"{BASE}/db/disk/", "db/disk.md", "12ab", ("Roll back",), "undo")
    assert url == f"{BASE}/db/disk/#undo"
