"""An answer as a tired person reads it: the text, then where each marker points."""

from __future__ import annotations

from collections.abc import Iterator

from api.cli.terminal import Styled, echo
from rag.domain.answers import Answer, Citation
from rag.domain.documents import Document, FreshnessStatus


def print_answer(answer: Answer) -> None:
    """The text and its citations on stdout, notices on stderr."""
    for line in answer.text.split("\n"):
        echo(Styled(line, bold=True) if line.startswith("### ") else line)
    if answer.citations:
        echo()
    for citation in answer.citations:
        echo(*_citation_lines(citation))
    for notice in answer.notices:
        echo(f"note: {notice}", err=True)
    prompt = f"{answer.prompt} ({answer.prompt_hash})"
    echo(f"note: answered by {answer.model}, prompt {prompt}", err=True)


def _citation_lines(citation: Citation) -> Iterator[str | Styled]:
    """The parts of a citation's line: marker, file and lines, section, revision, review."""
    hit = citation.hit
    document, lines = hit.document, hit.chunk.lines
    yield f"[{citation.marker}] "
    yield Styled(f"{document.path}:{lines.first}-{lines.last}", "cyan")
    section = " > ".join(hit.chunk.section)
    yield "  " + "".join(f"{part} · " for part in (section, _revision(document)) if part)
    seen = hit.freshness
    reviewed = "never reviewed" if seen.last_reviewed is None else f"reviewed {seen.last_reviewed}"
    stale = seen.status is FreshnessStatus.STALE
    yield Styled(f"stale, {reviewed}", "yellow") if stale else reviewed
    if not citation.supported:
        yield " · "
        yield Styled("some statements that cite this are not supported by it", "red")


def _revision(document: Document) -> str:
    return f"revision {document.revision[:12]}"
