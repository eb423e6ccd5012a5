"""The answer on one screen, without a model: the best section of one document, in its own order.

    where it stands · the sentences that answer · warnings · the section · what follows · others

The program writes lines that begin with `> ` alone. Everything else is quoted (quoting.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rag.answering.absent_names import absent_names_line
from rag.answering.answer_parts import Part
from rag.answering.brief_lines import (
    also_lines,
    beginning_line,
    header,
    left_out_line,
    section_line,
)
from rag.answering.context import Context, pages_of
from rag.answering.disagreement import disagreements, rendered
from rag.answering.excerpt import Excerpt, excerpt
from rag.answering.extract import Extract, statements_of
from rag.answering.key_sentences import KeySentence, key_sentences
from rag.answering.lead_section import (
    Window,
    consequence_sentence,
    following_sections,
    from_what_answers,
    hidden_warnings_first,
    opening_sentence,
    shows_what_answers,
    warnings_for,
)
from rag.answering.quoting import quoted_sentence
from rag.answering.screen import MAX_CHARS, MAX_LINES, Screen
from rag.answering.section_choice import asks_how, best_section, error_codes_in
from rag.answering.sections import Section, sections_of
from rag.answering.shown_commands import ShownCommands, remark_on
from rag.domain.answers import Statement
from rag.domain.documents import BlockKind
from rag.ports import Embedder

_MAX_KEY_SENTENCES = 3
# What the lines on the parts of a section that are not shown may take.
_ROOM_FOR_LINES = f"{'x' * 100}\n\n{'x' * 100}"
_FIRST_LINES = 6  # of the section: a sentence that stands there is not repeated above it
_COMFORTABLE_LINES = 20  # further sections are added up to here
_NEARLY_AS_GOOD = 0.85
_PARTS = frozenset({BlockKind.STEP, BlockKind.TABLE})
_MIN_SCORE = 0.5  # of a sentence that is quoted apart from its section


class BriefAnswer:
    """Composes one answer."""

    def __init__(
        self, question: str, context: Context, commands: ShownCommands, embedder: Embedder
    ) -> None:
        self._question = question
        self._commands = commands
        self._absent = list(absent_names_line(question, context))
        self._lead, *self._others = pages_of(context.passages)
        self._sentences = key_sentences(question, self._lead, embedder)
        self._sections = sections_of(self._lead, commands)
        self._codes = error_codes_in(question)
        self._best = (
            best_section(question, self._sections, self._sentences, embedder)
            if self._sections
            else None
        )
        self._screen = Screen()
        self._tail = ""
        self._statements: list[Statement] = []

    def extract(self, lines: int = MAX_LINES, characters: int = MAX_CHARS) -> Extract:
        """The answer within these limits; empty where the document has nothing to quote."""
        self._screen, self._statements = Screen(lines, characters), []
        best = self._best
        if best is None:
            return Extract()
        also = list(also_lines(best.passages[0], self._others))
        self._tail = "\n".join(line for _, line in also)
        self._screen.add(header(best.passages[0], best.headings, best.lines))
        for line in self._absent:
            self._screen.add(line, joint="\n")
        self._add_key_sentences(best)
        for section in warnings_for(best, self._sections):
            self._add_section(section, lines)
        self._add_best(best)
        for section in following_sections(best, self._sections):
            self._add_section(section, _COMFORTABLE_LINES)
        if also:
            self._screen.add(self._tail)
        return Extract(
            self._screen.text, tuple(self._statements), tuple(marker for marker, _ in also)
        )

    def _add_key_sentences(self, best: Section) -> None:
        lines = []
        for one in self._key_sentences(best):
            own = one.passage.commands_in(one.block)
            remark = remark_on(self._commands.risks_in_sentence(one.text, own))
            lines.append(quoted_sentence(one.text, one.passage.marker, remark))
            self._statements.append(Statement(one.text, (one.passage.marker,), supported=True))
        if lines:
            self._screen.add("\n".join(lines))

    def _key_sentences(self, best: Section) -> Iterator[KeySentence]:
        """What the document is about, and the sentences nearest to the question."""
        beginning = _beginning(self._window(best), self._codes)
        for one in (opening_sentence(self._sections), consequence_sentence(self._sections)):
            if one is not None and one.text not in beginning:
                yield one
                beginning += one.text
        inside = _blocks_of([best])
        elsewhere = _blocks_of(
            section for section in self._sections if section.part is not Part.CARE
        )
        allowed = inside if asks_how(self._question) else inside | elsewhere
        nearest = [one for one in self._sentences if (one.passage.marker, one.block) in allowed]
        min_score = max(_MIN_SCORE, nearest[0].score * _NEARLY_AS_GOOD) if nearest else 0.0
        for one in nearest[:_MAX_KEY_SENTENCES]:
            if one.score >= min_score and _stands_alone(one) and one.text not in beginning:
                beginning += one.text
                yield one

    def _add_section(self, section: Section, lines: int) -> None:
        """A further section, whole; where it does not fit, nothing of it."""
        line = section_line(section)
        found = excerpt(section.quotes, lambda text: self._fits(f"{line}\n\n{text}", lines))
        if found.text and found.left_out is None:
            self._screen.add(f"{line}\n\n{found.text}")
            self._state(found)

    def _window(self, best: Section) -> Window:
        """The section from its beginning, or of one that is too long from what answers."""
        found = excerpt(best.quotes, self._fits_best, self._codes)
        hides_answer = not shows_what_answers(found.quotes, best, self._sentences)
        if found.left_out is not None and hides_answer:
            return from_what_answers(best, self._sentences, wants_steps=asks_how(self._question))
        return Window(best.quotes)

    def _add_best(self, best: Section) -> None:
        """The section, whole; of one that is too long a part."""
        window = self._window(best)
        if window.before is not None:
            line = beginning_line(best.passages[0], window.before)
            self._screen.add(line)
        found = excerpt(window.quotes, self._fits_best, self._codes)
        if found.left_out is not None and window.before is None:
            quotes = hidden_warnings_first(best, found.quotes)
            found = excerpt(quotes, self._fits_best, self._codes)
        if found.text:
            self._screen.add(found.text)
        if found.left_out is not None:
            line = left_out_line(best.passages[0], found.left_out, found.left_out_steps)
            self._screen.add(line)
        self._state(found)

    def _fits_best(self, text: str) -> bool:
        tail = "\n\n".join(filter(None, [_ROOM_FOR_LINES, self._tail]))
        return self._screen.fits(text, tail=tail)

    def _fits(self, part: str, lines: int) -> bool:
        spare = max(0, self._screen.lines - lines)
        return self._screen.fits(part, tail=self._tail, spare_lines=spare)

    def _state(self, found: Excerpt) -> None:
        self._statements += [one for quote in found.quotes for one in statements_of(quote)]


def brief(question: str, context: Context, commands: ShownCommands, embedder: Embedder) -> Extract:
    """An answer on one screen; empty when the context has nothing to quote.

    Where the documents that it cites disagree, room is left for saying so (disagreement.py).
    """
    if not context.passages:
        return Extract()
    composition = BriefAnswer(question, context, commands, embedder)
    found = composition.extract()
    said = rendered(disagreements(context.cited(found.markers)))
    if not said:
        return found
    return composition.extract(MAX_LINES - said.count("\n") - 2, MAX_CHARS - len(said) - 2)


def _beginning(window: Window, names: Sequence[str]) -> str:
    text = excerpt(window.quotes, lambda text: text.count("\n") < _FIRST_LINES, names).text
    return " ".join(text.split())


def _stands_alone(sentence: KeySentence) -> bool:
    """Whether a sentence may be read without what stands around it.

    A step may not, nor a row of a table, nor what introduces something.
    """
    content = sentence.passage.content
    chain = [sentence.block, *content.above(sentence.block)]
    is_part = any(content.blocks[block].kind in _PARTS for block in chain)
    return not is_part and not sentence.text.endswith(":")


def _blocks_of(sections: Iterable[Section]) -> set[tuple[int, int]]:
    """The blocks of these sections, each by the marker of its passage and its index."""
    return {
        (quote.passage.marker, within)
        for section in sections
        for quote in section.quotes
        for block in quote.blocks
        for within in quote.passage.content.within(block)
    }
