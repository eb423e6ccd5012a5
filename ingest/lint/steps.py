"""Steps that change something and do not say how one sees that it worked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingest.chunking.command_lines import commands_in
from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import Page
from ingest.reading.blocks import Block, BlockKind
from rag.command_risk.classify import CommandClassifier
from rag.domain.documents import Command, Kind, Risk

NO_RESULT = Rule(
    "step-result",
    Level.NOTE,
    "A numbered step changes something and does not say what one should see then.",
    "Add a sentence on what to expect, or a command behind it that only looks.",
)
_CHANGES = frozenset({Risk.MUTATING, Risk.DESTRUCTIVE})
_EXPECTS = re.compile(
    r"\b(?:expect\w*|should|must|until|within|prints?|printed|shows?|shown|returns?|answers?|"
    r"reports?|see|appears?|becomes?|turns?|falls?|drops?|rises?|returns?|goes|ends?|ready|verify|"
    r"check|watch|wait|takes?|succeeds?|fails?|if)\b",
    re.IGNORECASE,
)
# Between a step and the next one or the next heading stands what belongs to the step.
_ENDS_A_STEP = frozenset({BlockKind.STEP, BlockKind.HEADING})


def steps_without_result(page: Page, classifier: CommandClassifier) -> Iterator[Finding]:
    """Steps of a runbook whose last command changes something, with no word of the outcome."""
    if page.kind is not Kind.RUNBOOK:
        return
    for index, block in enumerate(page.blocks):
        if block.kind is BlockKind.STEP:
            step = [block, *_behind(page.blocks[index + 1 :])]
            commands = commands_in(step, classifier)
            if commands and commands[-1].risk in _CHANGES and not _tells(step, commands):
                message = f"`{_shortened(commands[-1].text)}`: what should one see then?"
                yield page.finding(NO_RESULT, commands[-1].line, message)


def _behind(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        if block.kind in _ENDS_A_STEP:
            return
        yield block


def _tells(step: Sequence[Block], commands: Sequence[Command]) -> bool:
    """Whether the step's prose, not its commands, names an outcome."""
    text = "\n".join(block.text for block in step)
    for command in commands:
        text = text.replace(command.text, "")
    return _EXPECTS.search(text) is not None


def _shortened(command: str) -> str:
    first = command.splitlines()[0]
    return first if len(first) <= 60 else first[:59] + "…"
