"""What elements of HTML are to a reader of the page: furniture, warnings, code, tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from lxml import etree

from ingest.reading.blocks import BlockKind
from rag.text.admonitions import admonition_kind

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
CODE_SPANS = frozenset({"code", "tt"})
INLINE = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "data", "del", "dfn", "em", "font"}
    | {"i", "img", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike"}
    | {"strong", "sub", "sup", "time", "u", "var", "wbr", "code", "tt", "br", "ruby", "rt"}
)
_DROPPED_TAGS = frozenset(
    {"script", "style", "nav", "template", "noscript", "head", "svg", "iframe", "button"}
    | {"select", "textarea", "footer"}
)
_DROPPED_ROLES = frozenset({"navigation", "contentinfo", "search", "banner"})
# Classes and ids of what stands around a page: of Sphinx, MkDocs, Docusaurus, Hugo, Confluence,
# GitHub, MediaWiki and Pygments.
_DROPPED_NAMES = frozenset(
    {"breadcrumb", "breadcrumbs", "breadcrumb-section", "headerlink", "header-anchor", "hash-link"}
    | {"anchor-link", "anchorjs-link", "heading-anchor", "linenos", "lineno", "linenodiv"}
    | {"line-numbers-rows", "rouge-gutter", "gutter", "copybtn", "copy-button", "btn-clipboard"}
    | {"page-metadata", "navbar", "sidebar", "site-footer", "page-footer", "footer", "pagination"}
    | {"pagination-nav", "skip-link", "skip-to-content", "table-of-contents", "toctree-wrapper"}
    | {"sphinxsidebar", "related", "md-nav", "md-header", "md-footer", "sr-only", "toc"}
    | {
        "visually-hidden",
        "mw-editsection",
        "edit-link",
        "catlinks",
        "wy-nav-side",
        "expand-control",
    }
)
_ADMONITION_TAGS = frozenset({"div", "aside", "section", "p", "blockquote", "article", "table"})
_ADMONITION_CLASS = re.compile(
    r"(?:(?:theme|markdown|td|bs|rst|md|vp)-)?(?:admonition(?:block)?|alert|callout|hint|infobox"
    r"|notice|notification|(?:note|warning|caution|danger|tip|important|attention|error|info)"
    r"(?:macro)?|confluence-information-macro|custom-block)(?:-(?:\w++))?"
)
_PART_OF_ADMONITION = re.compile(r".*-(?:title|heading|icon|content|body|label|link|text)")
_LANGUAGE = re.compile(r"(?:language|lang|highlight-source|highlight|brush|source)[-: ]\s*(\w+)")
_PLAIN = frozenset({"default", "none", "text", "plain", "plaintext", "notranslate"})
_COUNT = re.compile(r"-?[0-9]{1,9}")  # longer ones are no numbers of steps


def is_dropped(element: etree._Element) -> bool:
    """Whether an element shows no words of the page: hidden, a script, or navigation."""
    return (
        element.tag in _DROPPED_TAGS
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or element.get("role") in _DROPPED_ROLES
        or "display:none" in element.get("style", "").replace(" ", "")
        or not _DROPPED_NAMES.isdisjoint(_names(element))
    )


def _names(element: etree._Element) -> list[str]:
    return f"{element.get('class', '')} {element.get('id', '')}".lower().split()


def admonition_of(element: etree._Element) -> str:
    """The kind of admonition that an element is by its classes; empty for one that is none."""
    if element.tag not in _ADMONITION_TAGS:
        return ""
    classes = element.get("class", "").lower().split()
    telling = [name for name in classes if _ADMONITION_CLASS.fullmatch(name)]
    telling = [name for name in telling if not _PART_OF_ADMONITION.fullmatch(name)]
    if not telling:
        return ""
    words = " ".join(classes)
    return admonition_kind(f"{' '.join(telling)} {words}", words)


def language_of(element: etree._Element) -> str:
    """The language that a `pre` or the elements around its code name; empty if none does."""
    around = list(_up_to_two_above(element))
    inside = list(islice(element.iter("code"), 1))
    for one in (*inside, *around):
        words = f"{one.get('class', '')} {one.get('data-syntaxhighlighter-params', '')}"
        named = one.get("data-lang") or one.get("data-language") or one.get("lang")
        found = _LANGUAGE.search(words)
        language = (found[1] if found else named or "").lower()
        if language:
            return "" if language in _PLAIN else language
    return ""


def _up_to_two_above(element: etree._Element) -> Iterator[etree._Element]:
    for _ in range(3):
        yield element
        above = element.getparent()
        if above is None or above.tag not in ("div", "figure", "code", "pre"):
            return
        element = above


def is_layout(table: etree._Element) -> bool:
    """Whether a table only arranges blocks, as those of highlighted code and of warnings do."""
    return next(table.iter("pre"), None) is not None


def count(element: etree._Element, attribute: str) -> int | None:
    raw = element.get(attribute, "").strip()
    return int(raw) if _COUNT.fullmatch(raw) else None


def kind_of_item(item: etree._Element) -> BlockKind:
    parent = item.getparent()
    numbered = parent is not None and parent.tag == "ol"
    return BlockKind.STEP if numbered else BlockKind.ITEM


def line_of(element: etree._Element) -> int:
    """Lines before the one that an element's tag begins on."""
    return max((element.sourceline or 1) - 1, 0)
