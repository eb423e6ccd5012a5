"""What is said where there is no answer: what was looked for, what is missing, what is nearest."""

from __future__ import annotations

from collections.abc import Iterator

from rag.answering.absent_names import absent_names_line
from rag.answering.context import Context, Passage, pages_of
from rag.answering.escaping import label
from rag.answering.nearest import Nearest, nearest_of, nearest_words
from rag.answering.quoting import quoted_sentence
from rag.answering.shown_commands import ShownCommands, remark_on
from rag.domain.answers import Answer, Citation, Statement

_NEAREST = 3


def abstention(question: str, context: Context, commands: ShownCommands) -> Answer:
    """An Answer that gives none: it cites what is nearest, and claims nothing from it."""
    pages = pages_of(context.passages)[:_NEAREST]
    near = [(p, nearest_words(question, p)) for page in pages for p in nearest_of(question, page)]
    lines = [
        "> Nothing that you may read answers this.",
        f"> Looked for: {label(question)}",
        *absent_names_line(question, context),
    ]
    if near:
        lines.append("> The nearest documents, which may be about something else:")
    lines += [line for passage, words in near for line in _shown(passage, words, commands)]
    return Answer(
        text="\n".join(lines),
        abstained=True,
        citations=tuple(Citation(p.marker, p.hit, supported=True) for p in _in_order(near)),
        statements=tuple(
            Statement(words.text, (passage.marker,), supported=True)
            for passage, words in near
            if words is not None
        ),
    )


def _in_order(near: list[tuple[Passage, Nearest | None]]) -> list[Passage]:
    return sorted((passage for passage, _ in near), key=lambda passage: passage.marker)


def _shown(passage: Passage, words: Nearest | None, commands: ShownCommands) -> Iterator[str]:
    """Where a passage stands, and behind it what it says that is nearest."""
    lines = passage.hit.chunk.lines
    where = f"{passage.hit.document.path}:{lines.first}-{lines.last}"
    section = " > ".join(passage.hit.chunk.section)
    heading = f"{passage.title}, {section}" if section else passage.title
    remark = f" _({passage.remark})_" if passage.remark else ""
    yield f"> - {label(heading)} ({label(where)}) [{passage.marker}]{remark}"
    if words is not None:
        risks = commands.risks_in_sentence(words.text, passage.commands_in(words.block))
        yield f"\n- {quoted_sentence(words.text, passage.marker, remark_on(risks))}\n"
