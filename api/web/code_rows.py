"""Code as rows of lines, in which each command has its risk and the text that is copied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from api.web.matching import Matches
from rag.domain.documents import Command, Risk

_PROMPT = re.compile(r"[$#>] ")

RISK_LABELS = {
    Risk.READ_ONLY: "read only",
    Risk.MUTATING: "changes state",
    Risk.DESTRUCTIVE: "destructive",
    Risk.UNKNOWN: "unknown effect",
}


def code_rows(
    code: str, first_line: int | None, commands: Sequence[Command], matches: Matches, warning: str
) -> str:
    """A block of code as HTML. `first_line` is the line of its first line in the file.

    Without `first_line`, as in an answer that quotes, commands are known by their text. `warning`
    is what the document says before a destructive command, "" where it says nothing.
    """
    rows = [
        _plain("\n".join(lines), matches)
        if command is None
        else command_row("\n".join(lines), command, matches, warning)
        for command, lines in _segments(code.split("\n"), first_line, commands)
    ]
    return f'<div class="code">{"".join(rows)}</div>'


def command_row(shown: str, command: Command, matches: Matches, warning: str) -> str:
    """One command: its lines as the document has them, and its risk in colour and words."""
    risk = command.risk
    return (
        f'<div class="command risk-{risk.value}" {copy_attributes(command, warning)}>'
        f'<span class="risk">{RISK_LABELS[risk]}</span>'
        f"<pre><code>{matches.marked(shown)}</code></pre></div>"
    )


def copy_attributes(command: Command, warning: str) -> str:
    """What the copy button of a command needs to know, as attributes."""
    asked = warning if command.risk is Risk.DESTRUCTIVE else ""
    return (
        f'data-copy="{escape(command.text)}" data-risk="{command.risk.value}" '
        f'data-warning="{escape(asked)}"'
    )


def _plain(text: str, matches: Matches) -> str:
    return f"<pre><code>{matches.marked(text)}</code></pre>" if text.strip() else ""


def _segments(
    lines: Sequence[str], first_line: int | None, commands: Sequence[Command]
) -> Iterator[tuple[Command | None, list[str]]]:
    """The lines in order: those of each command together, and those between commands."""
    if first_line is None:
        starts = _starts_by_text(lines, commands)
    else:
        starts = {command.line - first_line: command for command in commands}
    between: list[str] = []
    at = 0
    while at < len(lines):
        command = starts.get(at)
        if command is None:
            between.append(lines[at])
            at += 1
            continue
        if between:
            yield None, between
            between = []
        length = _lines_of(command, at, starts, len(lines))
        yield command, list(lines[at : at + length])
        at += length
    if between:
        yield None, between


def _starts_by_text(lines: Sequence[str], commands: Sequence[Command]) -> dict[int, Command]:
    """Where each command begins whose lines all stand here, without indents and prompts."""
    bare = [_PROMPT.sub("", line.strip()) for line in lines]
    starts: dict[int, Command] = {}
    for command in commands:
        wanted = [line.strip() for line in command.text.split("\n")]
        for at in range(len(bare) - len(wanted) + 1):
            if bare[at : at + len(wanted)] == wanted:
                starts.setdefault(at, command)
    return starts


def _lines_of(command: Command, at: int, starts: dict[int, Command], end: int) -> int:
    """How many lines a command takes: those of its text, up to where the next one starts."""
    following = min((start for start in starts if start > at), default=end)
    return max(1, min(command.text.count("\n") + 1, following - at, end - at))
