"""Answers as the pages show them: Markdown with its citation markers as links to lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from api.web.markdown_text import Shown, render_markdown
from api.web.results import web_address
from rag.domain.answers import Answer
from rag.domain.documents import FreshnessStatus
from rag.domain.search import Hit

_HEADING_SHIFT = 0  # an answer's own headings are of the third level


@dataclass(frozen=True, slots=True)
class ShownCitation:
    """One numbered source of an answer.

    `remarks` say what a reader must know before trusting it: not supported, stale, superseded.
    """

    marker: int
    hit: Hit
    supported: bool = True

    @property
    def remarks(self) -> tuple[str, ...]:
        """What to be careful about, in words."""
        found = []
        if not self.supported:
            found.append("not supported")
        if self.hit.freshness.status is FreshnessStatus.STALE:
            found.append("stale")
        if self.hit.superseded_by:
            found.append("superseded")
        return tuple(found)

    @property
    def address(self) -> str:
        """The document at the cited lines."""
        lines = self.hit.chunk.lines
        return f"/documents/{self.hit.document.id}?lines={lines.first}-{lines.last}#L{lines.first}"

    @property
    def site_address(self) -> str | None:
        """The section on the site that renders the document."""
        return web_address(self.hit.url or self.hit.document.metadata.url)

    @property
    def attributes(self) -> str:
        """The attributes of a link in the text."""
        remarks = "".join(f", {remark}" for remark in self.remarks)
        name = f"Source {self.marker}: {self.hit.document.metadata.title}{remarks}"
        classes = "citation unsupported" if self.remarks else "citation"
        return (
            f'href="{self.address}" class="{classes}" title="{escape(name)}" '
            f'aria-label="{escape(name)}"'
        )


def citations_of(answer: Answer) -> list[ShownCitation]:
    """The checked citations of an answer."""
    return [
        ShownCitation(citation.marker, citation.hit, citation.supported)
        for citation in answer.citations
    ]


def numbered(hits: Iterable[Hit]) -> list[ShownCitation]:
    """The context of an answer that is still being written: marker n is its n-th hit."""
    return [ShownCitation(number, hit) for number, hit in enumerate(hits, 1)]


def render_answer(text: str, citations: Sequence[ShownCitation]) -> str:
    """Sanitized HTML of an answer or of its beginning."""
    commands = tuple(command for one in citations for command in one.hit.chunk.commands)
    shown = Shown(
        commands=commands,
        markers={one.marker: one.attributes for one in citations},
        heading_shift=_HEADING_SHIFT,
        anchored=False,
    )
    return render_markdown(text, shown)
