"""An answer at a command line: its text, then where each marker points."""

from __future__ import annotations

from collections.abc import Iterator

from api.cli.answer_rendering import rendered
from api.cli.terminal import Styled, echo, echo_lines, is_terminal
from rag.answering.brief_lines import NAMES_A_DOCUMENT
from rag.domain.answers import EXTRACTIVE, Answer, Citation
from rag.domain.documents import Document, FreshnessStatus


def print_answer(answer: Answer) -> None:
    """The text and its citations on stdout, notices on stderr.

    The text is rendered at a terminal, and Markdown elsewhere.
    """
    if is_terminal():
        for parts in rendered(answer.text):
            echo(*parts)
    else:
        echo_lines(answer.text.split("\n"))
    sources = [citation for citation in answer.citations if not _is_named(citation, answer)]
    if sources:
        echo()
    for citation in sources:
        echo(*_citation_lines(citation))
    for notice in answer.notices:
        echo(f"note: {notice}", err=True)
    echo(f"note: {_origin(answer)}", err=True)


def _is_named(citation: Citation, answer: Answer) -> bool:
    """Whether the text names the document of a citation already, by its path."""
    marker = f"[{citation.marker}]"
    return citation.supported and any(
        marker in line for line in answer.text.split("\n") if line.startswith(NAMES_A_DOCUMENT)
    )


def _origin(answer: Answer) -> str:
    if answer.model == EXTRACTIVE:
        return "quoted from the documents; no model was used"
    return f"written by {answer.model} with the prompt {answer.prompt} ({answer.prompt_hash})"


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
