"""Commands of an answer against those of the passages: whole and verbatim, or struck out.

A part of a command is another command (`rm -rf /var` of `rm -rf /var/tmp/x`), and so is one that
has lost a flag: only what a page shows as a whole counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answering.context import Passage
from rag.command_risk.classify import CommandClassifier
from rag.domain.documents import BlockKind, Risk
from rag.text.code_spans import code_spans

_SPAN = re.compile(r"`([^`\n]+)`")
_PROMPT = re.compile(r"^\s*(?:[\w.@:~/-]*[$%#]|>)\s+(?=\S)")
_CONTINUED = re.compile(r"\\\n\s*")
# A program and a word that only a command has behind it, in the middle of prose.
_IN_PROSE = re.compile(
    r"(?<![\w`./-])(?:sudo\s+)?(?P<program>[a-z][\w.-]*)\s+(?P<next>-{1,2}[A-Za-z][\w-]*|/[\w./*-]+|"
    r"get|describe|delete|apply|patch|scale|rollout|exec|drain|cordon|uncordon|edit|create|replace|"
    r"logs|restart|stop|kill|prune|undo|uninstall|upgrade|rollback|destroy|flushall|flushdb|reset|"
    r"set|s3|ec2|rds|app|push|reinit|failover)\b[^.;,\n]*",
)


class QuotedCommands:
    """The whole commands that some passages show, whatever the white space in them."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._commands = {passage.marker: frozenset(_commands_of(passage)) for passage in passages}
        self._text = {passage.marker: _bare(passage.prompt.text) for passage in passages}

    def markers_of(self, command: str) -> list[int]:
        """The passages that show this command as a whole."""
        wanted = _bare(_PROMPT.sub("", command))
        return [marker for marker, shown in self._commands.items() if wanted in shown]

    def begins_with_one(self, run: str, markers: Sequence[int]) -> bool:
        """Whether words of a sentence are a command of these passages and go on as prose.

        The passages' own prose may speak of a command as well, in the same words.
        """
        words = _bare(run).split()
        among = markers or list(self._commands)
        if any(f" {' '.join(words)} " in f" {self._text[marker]} " for marker in among):
            return True
        for length in range(len(words), 1, -1):
            begun, rest = " ".join(words[:length]), words[length:]
            if any(begun in self._commands[marker] for marker in among):
                return not any(word.startswith(("-", "/", "|", "&", ">")) for word in rest)
        return False


def looks_like_a_command(span: str, classifier: CommandClassifier) -> bool:
    """Whether inline code is a command line, and not a name."""
    words = span.split()
    while words and words[0] in ("sudo", "$", "%"):
        words = words[1:]
    if not words or not classifier.is_known_program(words[0]):
        return " | " in span or " && " in span
    if len(words) == 1:
        return classifier.classify(words[0]) in (Risk.MUTATING, Risk.DESTRUCTIVE)
    return True


def logical_lines(code: str) -> list[str]:
    """The lines of a block's inside, each with those that a backslash continues it with."""
    joined = _CONTINUED.sub(lambda found: found.group().replace("\n", "\0"), code)
    return [line.replace("\0", "\n") for line in joined.split("\n")]


def commands_in_prose(prose: str, classifier: CommandClassifier) -> Iterator[str]:
    """Runs of words outside code that read as a command."""
    for found in _IN_PROSE.finditer(_SPAN.sub(lambda span: " " * len(span.group()), prose)):
        if classifier.is_known_program(found["program"]):
            yield found.group().rstrip()


def _commands_of(passage: Passage) -> Iterator[str]:
    """Lines of code, code spans of prose, and what was indexed as a command and is still there."""
    content = passage.prompt
    for index in content.leaves():
        if content.blocks[index].kind is BlockKind.CODE:
            for line in logical_lines(content.code(index)):
                yield _bare(_PROMPT.sub("", line))
        else:
            prose = content.prose(index)
            yield from (_bare(prose[start:end].strip("`")) for start, end in code_spans(prose))
    for command in passage.hit.chunk.commands:
        shown = content.words(command.block) if command.block >= 0 else content.text
        if _bare(command.text) in _bare(shown):
            yield _bare(command.text)


def _bare(text: str) -> str:
    return " ".join(text.replace("\\\n", " ").split())
