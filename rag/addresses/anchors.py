"""The anchor that a site gives to a heading."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

_NOT_IN_AN_ANCHOR = re.compile(r"[^\w\s-]")
_HYPHENS = re.compile(r"-{2,}")
_SEPARATORS = re.compile(r"[-\s]+")


class AnchorStyle(StrEnum):
    """Whose rules make anchors of headings.

    `github` is what GitHub, Docusaurus (github-slugger) and Hugo do, `gitlab` what GitLab does, and
    `mkdocs` what the toc extension of Python-Markdown does, for MkDocs and Backstage.
    """

    GITHUB = "github"
    GITLAB = "gitlab"
    MKDOCS = "mkdocs"


def anchor_of(heading: str, style: AnchorStyle) -> str:
    """The anchor of the first heading of that text on a page, without the `#`; may be empty."""
    if style is AnchorStyle.MKDOCS:
        ascii_only = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
        return _SEPARATORS.sub("-", _NOT_IN_AN_ANCHOR.sub("", ascii_only).strip().lower())
    anchor = _NOT_IN_AN_ANCHOR.sub("", heading.strip().lower()).replace(" ", "-")
    return _HYPHENS.sub("-", anchor) if style is AnchorStyle.GITLAB else anchor
