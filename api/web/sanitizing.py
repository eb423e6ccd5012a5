"""The last check of markup that was made from documents or answers: only known tags pass."""

from __future__ import annotations

import nh3

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_CODE_CLASSES = {
    "code",
    "command",
    "risk-read_only",
    "risk-mutating",
    "risk-destructive",
    "risk-unknown",
}
_TAGS = {
    *_HEADINGS,
    *("p", "br", "hr", "blockquote", "div", "span", "details", "summary"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
    *("a", "b", "strong", "i", "em", "s", "u", "small", "sub", "sup", "kbd", "mark"),
    *("code", "pre"),
}
_BLOCKS = (*_HEADINGS, "p", "li", "div", "table", "blockquote", "pre", "hr")
_ATTRIBUTES = {
    **{tag: {"id"} for tag in _BLOCKS},
    "a": {"href", "title", "aria-label"},
    "ol": {"start"},
    "th": {"align"},
    "td": {"align"},
    "div": {"id", "data-copy", "data-risk", "data-warning", "tabindex", "role", "aria-label"},
    "code": {"data-copy", "data-risk", "data-warning"},
}
_CLASSES = {
    **{tag: {"cited"} for tag in _BLOCKS},
    "a": {"citation", "unsupported"},
    "div": {"cited", "scrolled", "raw", *_CODE_CLASSES},
    "blockquote": {"cited", "admonition"},
    "span": {"risk", "image"},
    "code": _CODE_CLASSES,
}


def sanitized(markup: str) -> str:
    """The markup without any tag, attribute, class or address that the renderers do not make."""
    return nh3.clean(
        markup,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
