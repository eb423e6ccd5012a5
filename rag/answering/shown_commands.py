"""What the commands in a quoted part of a document do, wherever in it they stand.

Commands of code blocks are classified when a document is indexed. Those in the middle of prose and
in cells of tables are classified here, and so is code whose language says that it is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set

from rag.answering.quoted_commands import commands_in_prose, looks_like_a_command
from rag.command_risk.classify import CommandClassifier
from rag.command_risk.words import word_set
from rag.domain.documents import Command, Risk
from rag.text.code_spans import code_spans, masked, without_comments
from rag.text.pieces import fenced

_SQL = re.compile(
    r"(?:(?:select|drop|truncate|alter|create|grant|revoke|vacuum|reindex)\s+\S|insert\s+into\s|"
    r"delete\s+from\s|update\s+\S+\s+set\s)",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"\A\s*+(?:[\w.@:~/-]*+[$#%]|>)\s++(?=\S)")
_OPTION = re.compile(r"(?<!\S)--?[A-Za-z]")
_PROGRAM = re.compile(r"(?:\./|/)?[a-z][\w./-]*")
_TOLD_TO_RUN = re.compile(
    r"\b(?:run|runs|running|execute|executing|type|issue|invoke|use|using)"
    r"\s{1,3}(?:the\s{1,3})?(?:command\s{1,3})?\Z",
    re.IGNORECASE,
)
_MAX_LEAD = 40
# Languages of text that nobody runs: output, configuration, queries that only read.
_DATA = word_set(
    "text txt output log logs json yaml yml toml ini conf properties xml html csv promql logql "
    "diff http nginx dockerfile"
)
_CLASSIFIED = word_set(
    "sh bash shell zsh ksh console shell-session shellsession sh-session terminal "
    "sql postgresql pgsql mysql"
)
# The most dangerous first.
_REMARKS = {
    Risk.DESTRUCTIVE: "destructive",
    Risk.MUTATING: "changes something",
    Risk.UNKNOWN: "may change something",
}


def remark_on(risks: Set[Risk]) -> str:
    """What an answer remarks on commands of these risks; empty where they only read."""
    return next((words for risk, words in _REMARKS.items() if risk in risks), "")


class ShownCommands:
    """Finds and classifies the commands of Markdown by one set of tables."""

    def __init__(self, classifier: CommandClassifier) -> None:
        self._classifier = classifier

    def risks_in(self, markdown: str, commands: Sequence[Command]) -> frozenset[Risk]:
        """The risks of every command in `markdown`; `commands` are those of its chunk."""
        risks = {
            command.risk for command in commands if command.text.split("\n")[0].strip() in markdown
        }
        for is_code, run in fenced(markdown):
            if not is_code:
                for paragraph in run.split("\n\n"):
                    risks.update(self._in_prose(without_comments(paragraph)))
        return frozenset(risks)

    def are_all_classified(self, markdown: str) -> bool:
        """Whether no code block holds what would be run and what no rule has classified."""
        return not any(is_code and self._is_unclassified(run) for is_code, run in fenced(markdown))

    def _in_prose(self, prose: str) -> Iterator[Risk]:
        spans = code_spans(prose)
        for start, end in spans:
            code = prose[start:end].strip("`").strip()
            if _SQL.match(code):
                yield self._classifier.classify_sql(code)
            elif self._is_command(code, prose[max(0, start - _MAX_LEAD) : start]):
                yield self._classifier.classify(_PROMPT.sub("", code))
        for command in commands_in_prose(masked(prose, spans), self._classifier):
            yield self._classifier.classify(command)

    def _is_command(self, code: str, before: str) -> bool:
        """Whether inline code is a command, also of a program that no table knows."""
        first, *rest = code.split() or [""]
        if not rest:  # a name, unless it stands where something is run
            risk = self._classifier.classify(code)
            run = _TOLD_TO_RUN.search(before) is not None
            return risk is Risk.DESTRUCTIVE or (risk is Risk.MUTATING and run)
        if looks_like_a_command(code, self._classifier):
            return True
        if not _PROGRAM.fullmatch(first):
            return False
        return _OPTION.search(code) is not None or _TOLD_TO_RUN.search(before) is not None

    def _is_unclassified(self, fence: str) -> bool:
        opening, *inside = fence.strip("\n").split("\n")
        language = opening.strip().strip("`~").strip().split(" ")[0].lower()
        if language and language not in _DATA:
            return language not in _CLASSIFIED
        return language not in _CLASSIFIED and any(map(self._changes, inside))

    def _changes(self, line: str) -> bool:
        """Whether a line of output or of code without a language reads as a command to run."""
        words = _PROMPT.sub("", line).split()
        if not words or not _PROGRAM.fullmatch(words[0]):
            return False
        if self._classifier.is_known_program(words[0]):
            return self._classifier.classify(" ".join(words)) is not Risk.READ_ONLY
        return len(words) > 1 and _OPTION.search(line) is not None
