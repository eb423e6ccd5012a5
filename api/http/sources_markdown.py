"""The sources of an answer as Markdown, for clients that show text alone."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from api.wire.text import freshness_as_text
from rag.domain.answers import Citation
from rag.domain.search import Hit

# Characters that a link's address may contain.
_SAFE_IN_ADDRESS = "/:?#@!$&'*+,;=%~-._"
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\[]()<>*_`"})


def sources(citations: Sequence[Citation], base: str) -> str:
    """A line for each citation, its page linked, and definitions that make links of the markers.

    A page without an address of its own is linked to where `base`, this service, shows it.
    """
    if not citations:
        return ""
    lines = [_line(citation, base) for citation in citations]
    definitions = [f"[{citation.marker}]: {_address(citation.hit, base)}" for citation in citations]
    return "\n".join(["", "", "**Sources**", "", *lines, "", *definitions])


def _line(citation: Citation, base: str) -> str:
    document, chunk = citation.hit.document, citation.hit.chunk
    link = f"[{_escaped(document.metadata.title)}]({_address(citation.hit, base)})"
    section = " / ".join(_escaped(title) for title in chunk.section)
    where = _escaped(f"{document.path}:{chunk.lines.first}-{chunk.lines.last}")
    parts = [where, section, freshness_as_text(citation.hit.freshness)]
    if not citation.supported:
        parts.append("not confirmed by this page")
    return f"- \\[{citation.marker}\\] {link} · {' · '.join(part for part in parts if part)}"


def _address(hit: Hit, base: str) -> str:
    document = hit.document
    url = hit.url or document.metadata.url or ""
    if url.startswith(("https://", "http://")):
        return quote(url, safe=_SAFE_IN_ADDRESS)
    return f"{base}/v1/documents/{document.id}"


def _escaped(text: str) -> str:
    return " ".join(text.split()).translate(_SPECIAL)
