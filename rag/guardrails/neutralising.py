"""Text of a document as a model may see it: data, that cannot be read as anything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from rag.guardrails.injection import (
    CODE,
    COMMENT,
    HIDDEN_CHARACTERS,
    ROLE_LINE,
    ROLE_TOKEN,
    speaks_to_a_model,
)
from rag.guardrails.redaction import redacted

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_MARKER = re.compile(r"\[(\^?\d{1,4}(?:\s*[,-]\s*\d{1,4})*)\]")
_TEXTS_KEPT = 1024
LEFT_OUT = "(a line that speaks to a model was left out)"


@lru_cache(_TEXTS_KEPT)  # the same passages stand in the contexts of many questions
def neutralised(text: str) -> str:
    """What a reader sees of `text`, without secrets and without forged roles and markers.

    Markers are escaped as Markdown does it, `\\[1\\]`, and left alone in code, where no marker is
    ever looked for; commands stay as they are.
    """
    text = _CONTROL.sub("", HIDDEN_CHARACTERS.sub("", COMMENT.sub("", text)))
    lines = (LEFT_OUT if speaks_to_a_model(line) else line for line in text.split("\n"))
    text = redacted("\n".join(lines))
    text = ROLE_TOKEN.sub(lambda found: found.group().strip("<>|[]/").join("()"), text)
    return outside_code(text, _without_roles_and_markers)


def _without_roles_and_markers(prose: str) -> str:
    return _MARKER.sub(r"\\[\1\\]", ROLE_LINE.sub(r"\g<head> -", prose))


def one_line(text: str) -> str:
    """A title, path or heading as one harmless line."""
    return " ".join(neutralised(text).split())


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """`text` with everything but its code changed."""
    made, end = [], 0
    for found in CODE.finditer(text):
        made += [change(text[end : found.start()]), found.group()]
        end = found.end()
    return "".join([*made, change(text[end:])])
