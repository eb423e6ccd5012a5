"""What the commands in a quoted block of a document do, wherever in it they stand.

Commands of code blocks are classified when a document is indexed. Those in the middle of prose and
in cells of tables are classified here, and so is code whose language says that it is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set

from rag.answering.quoted_commands import commands_in_prose, looks_like_a_command
from rag.command_risk.classify import CommandClassifier
from rag.command_risk.words import word_set
from rag.domain.documents import BlockKind, Command, Risk
from rag.text.blocks import BlockText
from rag.text.code_spans import code_spans, masked, without_comments

_SQL = re.compile(
    r"(?:(?:select|drop|truncate|alter|create|grant|revoke|vacuum|reindex)\s+\S|insert\s+into\s|"
    r"delete\s+from\s|update\s+\S+\s+set\s)",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"\A\s*+(?:[\w.@:~/-]*+[$#%]|>)\s++(?=\S)")
_OPTION = re.compile(r"(?<!\S)--?[A-Za-z]")
_PROGRAM = re.compile(r"(?:\./|/)?[a-z][\w./-]*")
_RUN_INSTRUCTION = re.compile(
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
_MAY_BE_RUN = _CLASSIFIED | {"", "text", "txt"}
# A listing without a language that is so short is a command, if it begins as one.
_FEW_LINES = 3
_MAX_WORDS_BEFORE_A_STOP = 4  # with more, a line that ends in a full stop is a sentence
# The most dangerous first.
REMARKS = {
    Risk.DESTRUCTIVE: "destructive",
    Risk.MUTATING: "changes something",
    Risk.UNKNOWN: "may change something",
}


def remark_on(risks: Set[Risk]) -> str:
    """What an answer remarks on commands of these risks; empty where they only read."""
    return next((words for risk, words in REMARKS.items() if risk in risks), "")


class ShownCommands:
    """Finds and classifies the commands of blocks by one set of tables."""

    def __init__(self, classifier: CommandClassifier) -> None:
        self._classifier = classifier

    def risks_in(
        self, content: BlockText, index: int, commands: Sequence[Command]
    ) -> frozenset[Risk]:
        """The risks of every command in a block; `commands` are those of its chunk."""
        within = content.within(index)
        risks = {command.risk for command in commands if command.block in within}
        for leaf in content.leaves(index):
            kind = content.blocks[leaf].kind
            if kind is BlockKind.CODE:
                if not any(command.block == leaf for command in commands):
                    language = content.blocks[leaf].language
                    risks.update(self._in_code(language, content.code(leaf)))
            else:
                prose = content.prose(leaf)
                for paragraph in prose.split("\n") if kind is BlockKind.TABLE else [prose]:
                    risks.update(self._in_prose(without_comments(paragraph)))
        return frozenset(risks)

    def risks_in_sentence(self, sentence: str, commands: Iterable[Command]) -> frozenset[Risk]:
        """The same of one sentence, or one row of a table; `commands` are those of its block."""
        in_prose = self._in_prose(without_comments(sentence))
        return self.risks_in_code(sentence, commands) | frozenset(in_prose)

    def risks_in_code(self, code: str, commands: Iterable[Command]) -> frozenset[Risk]:
        """The risks of those of `commands` that stand in some code."""
        return frozenset(one.risk for one in commands if one.text.split("\n")[0].strip() in code)

    def are_all_classified(self, content: BlockText, index: int) -> bool:
        """Whether no code in a block is what would be run and what no rule has classified."""
        return all(
            self.is_classified(content.blocks[leaf].language, content.code(leaf))
            for leaf in content.leaves(index)
            if content.blocks[leaf].kind is BlockKind.CODE
        )

    def _in_code(self, language: str, code: str) -> Iterator[Risk]:
        """The risks of lines that look like commands, in code that ingest found none in."""
        if language not in _MAY_BE_RUN:
            return
        lines = [line for line in code.split("\n") if line.strip()]
        begins = bool(lines) and _PROGRAM.fullmatch(_PROMPT.sub("", lines[0]).split()[0])
        alone = begins and (language in _CLASSIFIED or len(lines) <= _FEW_LINES)
        for line in lines:
            words = _PROMPT.sub("", line).split()
            is_sentence = line.rstrip().endswith((".", "!", "?", ":"))
            if not words or (is_sentence and len(words) > _MAX_WORDS_BEFORE_A_STOP):
                continue
            if not _PROGRAM.fullmatch(words[0]):
                continue
            if self._classifier.is_known_program(words[0]):
                yield self._classifier.classify(" ".join(words))
            elif len(words) > 1 and (alone or _OPTION.search(line)):
                yield Risk.UNKNOWN

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
            run = _RUN_INSTRUCTION.search(before) is not None
            return risk is Risk.DESTRUCTIVE or (risk is Risk.MUTATING and run)
        if looks_like_a_command(code, self._classifier):
            return True
        if not _PROGRAM.fullmatch(first):
            return False
        return _OPTION.search(code) is not None or _RUN_INSTRUCTION.search(before) is not None

    def is_classified(self, language: str, code: str) -> bool:
        """Whether code is of a language whose commands are classified, or is not run."""
        if language in _CLASSIFIED:
            return True
        if language and language not in _DATA:
            return False
        return not any(map(self._changes, code.split("\n")))

    def _changes(self, line: str) -> bool:
        """Whether a line of output or of code without a language reads as a command to run."""
        words = _PROMPT.sub("", line).split()
        if not words or not _PROGRAM.fullmatch(words[0]):
            return False
        if self._classifier.is_known_program(words[0]):
            return self._classifier.classify(" ".join(words)) is not Risk.READ_ONLY
        return len(words) > 1 and _OPTION.search(line) is not None
