"""The lines of a brief answer that the program writes itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.answering.context import Passage
from rag.answering.escaping import label
from rag.answering.sections import Section
from rag.domain.documents import FreshnessStatus, LineSpan
from rag.retrieval.near_duplicates import says_the_same

_ALSO, _SAME = "> Also: ", "> The same text: "
NAMES_A_DOCUMENT = (_ALSO, _SAME)  # how lines begin that name a document which is not quoted
_MAX_ALSO = 2
# A document whose best chunk scores less than this share of the best one's is not named.
_MIN_ALSO = 0.7


def header(passage: Passage, headings: Sequence[str], lines: LineSpan) -> str:
    """Document, section, path and lines, review and confidence of what follows, with its marker."""
    names = " > ".join(map(label, _distinct(passage.title, headings)))
    path = label(passage.hit.document.path)
    remark = f" _({passage.remark})_" if passage.remark else ""
    where = f"{path}:{lines.first}-{lines.last}"
    confidence = f"{passage.hit.confidence.value} confidence"
    return f"> {names} · {where} · {_review(passage)} · {confidence} [{passage.marker}]{remark}"


def section_line(section: Section) -> str:
    """The heading of another section of the same document, with its lines and its marker."""
    names = " > ".join(map(label, section.headings[-1:])) or "Introduction"
    marker = section.passages[0].marker
    return f"> {names} · lines {section.lines.first}-{section.lines.last} [{marker}]"


def beginning_line(passage: Passage, lines: LineSpan) -> str:
    """That a section is not shown from its beginning, and where that stands."""
    path = label(passage.hit.document.path)
    return f"> The beginning of this section is in {path}:{lines.first}-{lines.last}"


def left_out_line(passage: Passage, lines: LineSpan, steps: int) -> str:
    """What of a section is not shown, and where it stands."""
    what = f"{steps} more {'step' if steps == 1 else 'steps'}" if steps else "The rest"
    verb = "is" if steps in (0, 1) else "are"
    path = label(passage.hit.document.path)
    return f"> {what} of this section {verb} in {path}:{lines.first}-{lines.last}"


def also_lines(lead: Passage, others: Sequence[Sequence[Passage]]) -> Iterator[tuple[int, str]]:
    """The markers and lines of other documents: copies of what is quoted first, then the rest."""
    best = [max(page, key=lambda passage: passage.hit.score) for page in others]
    copies = [one for one in best if says_the_same(one.hit.chunk, lead.hit.chunk)]
    for passage in copies[:_MAX_ALSO]:
        path = label(passage.hit.document.path)
        yield (
            passage.marker,
            f"{_SAME}{path} {_marker(passage)}",
        )
    rest = [
        passage
        for passage in best
        if passage not in copies and passage.hit.score >= _MIN_ALSO * lead.hit.score
    ]
    for passage in rest[: _MAX_ALSO - min(len(copies), _MAX_ALSO)]:
        names = [passage.title, *passage.hit.chunk.section[-1:]]
        covers = ", ".join(label(name) for name in names)
        path = label(passage.hit.document.path)
        yield passage.marker, f"{_ALSO}{covers} ({path}) {_marker(passage)}"


def _distinct(title: str, headings: Sequence[str]) -> list[str]:
    """A title and the headings behind it, without the first where it spells the title again."""
    letters = ["".join(filter(str.isalnum, name.casefold())) for name in (title, *headings[:1])]
    return [title, *headings[len(letters) > 1 and letters[0] == letters[1] :]]


def _marker(passage: Passage) -> str:
    return f"[{passage.marker}]" + (f" _({passage.remark})_" if passage.remark else "")


def _review(passage: Passage) -> str:
    freshness = passage.hit.freshness
    if freshness.last_reviewed is None:
        return f"never reviewed, updated {freshness.updated_at:%Y-%m-%d}"
    status = "" if freshness.status is FreshnessStatus.FRESH else f"{freshness.status.value}, "
    return f"{status}reviewed {freshness.last_reviewed}"
