"""Checks what a model writes, line by line, before anybody sees it.

A marker must point into the context; a sentence must be borne out by what it cites; a command must
stand there whole. What fails is marked or removed, a command is struck out, and each is counted.
What would speak in the project's own voice, or load something from elsewhere, is made harmless.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from rag.answering.answer_parts import HEADINGS, Part
from rag.answering.context import Context
from rag.answering.escaping import escaped, is_plain_address, label
from rag.answering.quoted_commands import (
    QuotedCommands,
    commands_in_prose,
    logical_lines,
    looks_like_a_command,
)
from rag.answering.quoting import MARGIN, indented, quoted_code
from rag.answering.shown_commands import ShownCommands, remark_on
from rag.command_risk.classify import CommandClassifier
from rag.domain.answers import Citation, Statement, Unsupported
from rag.domain.documents import Risk
from rag.faithfulness.support import Support, SupportChecker
from rag.text.sentences import sentences
from rag.text.wording import plain

MARKER = re.compile(r"(?<!\\)\[(\d{1,4})\](?!\()")
UNSUPPORTED = "_(not supported by what it cites)_"
STRUCK = "_(struck out: no cited page shows this command)_"
_STRUCK_COMMAND = re.compile(rf"~~(?:(?!~~).)*+~~ {re.escape(STRUCK)}")
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_CODE_OR_PROSE = re.compile(r"(`[^`\n]+`)")
_LEAD = re.compile(r"^\s*(?:[-*+•]\s+|\d{1,4}[.)]\s+)?")
_MARKER_BEHIND = re.compile(r"([.!?:][\"')*_`]{0,3})((?:\s*(?<!\\)\[\d{1,4}\])+)")
_HEADING_MARK = re.compile(r"\s*#{1,6}")
_QUOTE_MARK = re.compile(r"^(\s*)(?:>\s*)+")
_SPACE_BEFORE_MARK = re.compile(r"(?<!\s)\s++([.,;:!?])")
_SPACES = re.compile(r"[ \t]{2,}")
_TELLS_NOTHING = 2  # a remainder of fewer words, such as "Then:", claims nothing


@dataclass(frozen=True, slots=True)
class _Cited:
    """A sentence, without its markers, and the markers that point into the context.

    `has_invalid_markers`: none of its markers does. `introduces_removed_code`: what it introduces
    is struck out whole.
    """

    text: str
    markers: tuple[int, ...]
    has_invalid_markers: bool = False
    introduces_removed_code: bool = False


class AnswerChecker:
    """One answer's checks; what it has seen so far is what `statements` and `notices` tell."""

    def __init__(
        self,
        context: Context,
        support: SupportChecker,
        unsupported: Unsupported,
        classifier: CommandClassifier,
    ) -> None:
        self._classifier = classifier
        self._context = context
        self._support = support
        self._unsupported = unsupported
        self._commands = QuotedCommands(context.passages)
        self._shown_commands = ShownCommands(classifier)
        self._stored = [one for passage in context.passages for one in passage.hit.chunk.commands]
        self._part = ""
        self._context_text = "\n".join(passage.prompt.text for passage in context.passages)
        self._last: tuple[int, ...] = ()
        self._statements: list[Statement] = []
        self._nowhere: set[int] = set()
        self._struck = 0
        self._removed = 0

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(self._statements)

    @property
    def struck(self) -> int:
        return self._struck

    @property
    def unsupported(self) -> int:
        return sum(not statement.supported for statement in self._statements)

    def citations(self) -> tuple[Citation, ...]:
        """Each passage that is cited; supported when everything that cites it is."""
        cited = sorted({marker for one in self._statements for marker in one.markers})
        return tuple(
            Citation(
                passage.marker,
                passage.hit,
                all(one.supported for one in self._statements if passage.marker in one.markers),
            )
            for passage in self._context.cited(cited)
        )

    def notices(self) -> tuple[str, ...]:
        """What was taken out or marked, in words."""
        notices = []
        if self._nowhere:
            listed = ", ".join(f"[{marker}]" for marker in sorted(self._nowhere))
            notices.append(f"markers that point to no passage were removed: {listed}")
        if self._struck:
            notices.append(f"{self._struck} command(s) that no cited page shows were struck out")
        marked = self.unsupported - self._removed
        if marked > 0:
            notices.append(f"{marked} statement(s) are marked as not supported by what they cite")
        if self._removed:
            notices.append(f"{self._removed} unsupported statement(s) were removed")
        return tuple(notices)

    def checked(self, unit: str, following: str = "") -> str:
        """A line, or a fenced block of code, as it may be shown; empty when nothing is left.

        `following` is the unit that a line introduces, if it does.
        """
        if is_code(unit):
            return self._checked_code(unit)
        if not unit.strip():
            return unit
        if mark := _HEADING_MARK.match(unit):
            title = unit[mark.end() :].strip().rstrip("#").rstrip()
            if known := HEADINGS.get(plain(title).casefold()):
                self._part = known
                return f"### {known}"
            return self._checked_line(title, following)
        return self._checked_line(unit, following)

    def _placed(self, shown: str, risks: Set[Risk], *, only_reads: bool) -> str:
        """What is shown, under another heading where it would stand under read-only checks."""
        if not shown or only_reads or self._part != Part.CHECK:
            return shown
        changes = risks & {Risk.MUTATING, Risk.DESTRUCTIVE}
        self._part = Part.MITIGATION if changes else Part.FACTS
        return f"### {self._part}\n\n{shown}"

    def _checked_line(self, line: str, following: str) -> str:
        line = self._harmless(line)
        lead = _LEAD.match(line)
        start = lead.end() if lead else 0
        cited = self._cited(line[start:])
        if cited and self._is_struck_whole(following):
            cited[-1] = replace(cited[-1], introduces_removed_code=True)
        shown = [self._checked_sentence(sentence) for sentence in cited]
        kept = [sentence for sentence in shown if sentence]
        text = line[:start] + " ".join(kept) if kept else ""
        risks = self._shown_commands.risks_in_sentence(_without_struck(text), self._stored)
        return self._placed(text, risks, only_reads=risks <= {Risk.READ_ONLY})

    def _harmless(self, line: str) -> str:
        """A line that renders as words of the model alone, its markers kept for the checks."""
        line = _QUOTE_MARK.sub(r"\1", line)
        lead = _LEAD.match(line)
        start = lead.end() if lead else 0
        return line[:start] + escaped(line[start:], keeps=self._is_known, markers=True)

    def _is_known(self, address: str) -> bool:
        """Whether a link leads where a link of the context leads."""
        return bool(address) and is_plain_address(address) and address in self._context_text

    def _cited(self, text: str) -> list[_Cited]:
        """The sentences of a line; one without a marker has those of the next one that has."""
        text = _MARKER_BEHIND.sub(r"\2\1", text)
        found = [self._without_markers(sentence) for sentence in sentences(text)]
        following: tuple[int, ...] = ()
        for place in range(len(found) - 1, -1, -1):
            following = found[place].markers or following
            found[place] = replace(found[place], markers=following)
        return [one for one in found if one.text.strip()]

    def _without_markers(self, sentence: str) -> _Cited:
        bare = _CODE_SPAN.sub("", sentence)
        given = dict.fromkeys(int(found[1]) for found in MARKER.finditer(bare))
        count = len(self._context.passages)
        self._nowhere |= {marker for marker in given if not 1 <= marker <= count}
        valid = tuple(marker for marker in given if 1 <= marker <= count)
        # Where a marker was taken out, what stood on both sides of it has come together.
        bare = escaped(_without_markers(sentence), keeps=self._is_known)
        return _Cited(bare, valid, bool(given) and not valid)

    def _checked_sentence(self, cited: _Cited) -> str:
        text, struck = self._without_commands(cited.text, cited.markers)
        if struck and len(plain(_without_struck(text)).split()) < _TELLS_NOTHING:
            return text
        judged, markers = self._judged(replace(cited, text=_without_struck(text)))
        self._last = markers
        self._statements.append(
            Statement(
                _without_struck(text),
                markers,
                judged.supported,
                judged.reasons,
                uncited=not cited.markers,
            )
        )
        risks = self._shown_commands.risks_in_sentence(_without_struck(text), self._stored)
        shown = text + "".join(f" [{marker}]" for marker in markers) + _remark(risks)
        if judged.supported:
            return shown
        if self._unsupported is Unsupported.REMOVE:
            self._removed += 1
            return ""
        return f"{shown} {UNSUPPORTED}"

    def _judged(self, cited: _Cited) -> tuple[Support, tuple[int, ...]]:
        """The verdict, and the markers: those given, else that of the passage that bears it out."""
        text, markers = cited.text, cited.markers
        if cited.has_invalid_markers:
            return Support(0.0, ("cites what is not there",)), ()
        if cited.introduces_removed_code:
            return Support(0.0, ("introduces what no cited page shows",)), markers
        if markers:
            cited_passages = [passage.prompt for passage in self._context.cited(markers)]
            return self._support.check(text, cited_passages), markers
        found = self._support.check(text, [one.prompt for one in self._context.passages])
        if found.supported:
            return found, (self._context.passages[found.passage].marker,)
        return Support(found.score, (*found.reasons, "cites nothing")), ()

    def _without_commands(self, text: str, markers: Sequence[int]) -> tuple[str, bool]:
        """The sentence with each command struck out that what it cites does not show."""
        struck = False

        def checked(found: re.Match[str]) -> str:
            nonlocal struck
            if not looks_like_a_command(found[1], self._classifier) or self._shown(
                found[1], markers
            ):
                return found.group()
            struck = True
            return self._strike(found[1])

        made = _CODE_SPAN.sub(checked, text)
        for command in list(commands_in_prose(_without_struck(made), self._classifier)):
            if not self._commands.begins_with_one(command, markers):
                struck = True
                made = made.replace(command, self._strike(command), 1)
        return made, struck

    def _shown(self, command: str, markers: Sequence[int]) -> bool:
        holders = self._commands.markers_of(command)
        return bool(set(holders) & set(markers)) if markers else bool(holders)

    def _strike(self, command: str) -> str:
        self._struck += 1
        shown = label(command).replace("~~", "\\~\\~")
        return f"~~{shown}~~ {STRUCK}"

    def _checked_code(self, block: str) -> str:
        """The block with the commands that a passage shows whole; the others below it, struck."""
        opening, lines = _taken_apart(block)
        kept: list[str] = []
        struck: list[str] = []
        markers: set[int] = set()
        for line in lines:
            holders = self._commands.markers_of(line) if line.strip() else []
            if holders or not line.strip():
                kept.append(line)
                markers |= set(holders) if not set(holders) & set(self._last) else set()
            else:
                struck.append(line)
        return self._shown_code(opening, kept, struck, sorted(markers))

    def _is_struck_whole(self, unit: str) -> bool:
        """Whether a unit is code of which no line stands in a passage."""
        lines = [line for line in _taken_apart(unit)[1] if line.strip()] if is_code(unit) else []
        return bool(lines) and not any(map(self._commands.markers_of, lines))

    def _shown_code(
        self, opening: str, kept: Sequence[str], struck: Sequence[str], markers: Sequence[int]
    ) -> str:
        indent = opening[: len(opening) - len(opening.lstrip())]
        shown = []
        if any(line.strip() for line in kept):
            language = opening.strip().lstrip("`~").strip()
            code = quoted_code("\n".join(_dedented(kept, len(indent))), language)
            shown.append(indented(code, " " * len(indent) or MARGIN))
            cited = (*self._last, *(marker for marker in markers if marker not in self._last))
            self._statements.append(Statement("\n".join(kept), tuple(cited), supported=True))
            commands, ran = self._shown_commands, "\n".join(kept)
            risks = commands.risks_in_code(ran, self._stored)
            classified = commands.is_classified(language.split(" ")[0].lower(), ran)
            only_reads = risks <= {Risk.READ_ONLY} and classified
            shown[0] = self._placed(shown[0], risks, only_reads=only_reads)
            if markers or remark_on(risks):
                markers_shown = " ".join(f"[{marker}]" for marker in markers or self._last)
                shown.append(f"{indent}{markers_shown}{_remark(risks)}")
        shown += [indent + self._strike(line) for line in struck]
        return "\n\n".join(shown)


def _remark(risks: Set[Risk]) -> str:
    remark = remark_on(risks)
    return f" _({remark})_" if remark else ""


def introduces(unit: str) -> bool:
    """Whether a line leads to what stands behind it."""
    return not is_code(unit) and MARKER.sub("", unit).rstrip(" *_.").endswith(":")


def is_code(unit: str) -> bool:
    """Whether a unit is a fenced block."""
    return unit.lstrip().startswith(("```", "~~~"))


def _taken_apart(block: str) -> tuple[str, list[str]]:
    """The line that opens a block of code, and the logical lines in it."""
    opening, *inside = block.rstrip("\n").split("\n")
    closed = bool(inside) and not inside[-1].strip(" `~")
    return opening, logical_lines("\n".join(inside[:-1] if closed else inside))


def _without_markers(sentence: str) -> str:
    parts = _CODE_OR_PROSE.split(sentence)
    bare = [part if part.startswith("`") else MARKER.sub("", part) for part in parts]
    return _SPACE_BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", "".join(bare))).strip()


def _dedented(lines: Sequence[str], width: int) -> list[str]:
    """Lines without the indentation of the fence that they stand in."""
    return [line[min(width, len(line) - len(line.lstrip())) :] for line in lines]


def _without_struck(text: str) -> str:
    return _STRUCK_COMMAND.sub("", text).strip()
