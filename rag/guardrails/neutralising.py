"""Text of a document as a model may see it: data, that cannot be read as anything else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rag.guardrails.injection import (
    COMMENT,
    HIDDEN_CHARACTERS,
    ROLE_LINE,
    ROLE_TOKEN,
    speaks_to_a_model,
)
from rag.guardrails.redaction import REDACTED, find_secrets
from rag.text.blocks import BlockText
from rag.text.code_spans import masked
from rag.text.edits import Edit, edited

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_MARKER = re.compile(r"\[(\^?\d{1,4}(?:\s*[,-]\s*\d{1,4})*)\]")
_CODE = "\0"  # stands for a character of code while prose is looked at
_TEXTS_KEPT = 1024
LEFT_OUT = "(a line that speaks to a model was left out)"


@lru_cache(_TEXTS_KEPT)  # the same chunks stand in the contexts of many questions
def neutralised(content: BlockText) -> BlockText:
    """A text as a reader sees it, without secrets and without forged roles and markers.

    Markers are escaped as Markdown does it, `\\[1\\]`, and left alone in code, where no marker is
    ever looked for; commands stay as they are. Blocks keep their indexes.
    """
    prose = masked(content.text, content.code_ranges(), _CODE)
    content = edited(content, ((*one.span(), "") for one in COMMENT.finditer(prose)))
    for pattern in (HIDDEN_CHARACTERS, _CONTROL):
        content = edited(content, ((*one.span(), "") for one in pattern.finditer(content.text)))
    content = edited(content, _lines_to_a_model(content.text))
    secrets = find_secrets(content.text)
    content = edited(content, ((one.start, one.end, REDACTED) for one in secrets))
    content = edited(
        content,
        (
            (*one.span(), one.group().strip("<>|[]/").join("()"))
            for one in ROLE_TOKEN.finditer(content.text)
        ),
    )
    return edited(content, _roles_and_markers(masked(content.text, content.code_ranges(), _CODE)))


def neutralised_prose(text: str) -> str:
    """The same of words that stand in no document's block, such as a title or a question."""
    return neutralised(BlockText(text, ())).text


def one_line(text: str) -> str:
    """A title, path or heading as one harmless line."""
    return " ".join(neutralised_prose(text).split())


def _lines_to_a_model(text: str) -> Iterator[Edit]:
    start = 0
    for line in text.split("\n"):
        if speaks_to_a_model(line):
            yield start, start + len(line), LEFT_OUT
        start += len(line) + 1


def _roles_and_markers(prose: str) -> Iterator[Edit]:
    for role in ROLE_LINE.finditer(prose):
        yield role.end("head"), role.end(), " -"
    for marker in _MARKER.finditer(prose):
        yield *marker.span(), f"\\[{marker[1]}\\]"
