"""What is said where there is no answer: what was looked for, what is missing, what is nearest."""

from __future__ import annotations

from collections.abc import Iterator

from rag.answer import Answer
from rag.context import Context, pages_of
from rag.extractive import missing_words
from rag.neutral import one_line

_NEAREST = 3


def abstention(question: str, context: Context) -> Answer:
    """An Answer that gives none, and names no cause."""
    told = [
        "> Nothing that you may read answers this.",
        f"> Looked for: {one_line(question)}",
        *_missing(question, context),
    ]
    nearest = [f"> - {line}" for line in _nearest(context)]
    if nearest:
        told += ["> The nearest pages are:", *nearest]
    return Answer(text="\n".join(told), abstained=True)


def _missing(question: str, context: Context) -> Iterator[str]:
    texts = [text for p in context.passages for text in (p.text, p.title, *p.hit.chunk.section)]
    absent = missing_words(one_line(question), texts)
    if absent:
        yield "> Missing: a page that speaks of " + ", ".join(absent)
    else:
        yield "> Missing: a page that says what to do about this, and not only its words"


def _nearest(context: Context) -> Iterator[str]:
    for page in pages_of(context.passages)[:_NEAREST]:
        best = min(page, key=lambda passage: passage.marker)
        lines = best.hit.chunk.lines
        where = f"{best.hit.document.path}:{lines.first}-{lines.last}"
        yield f"{one_line(best.title)} ({one_line(where)}) [{best.marker}]"
