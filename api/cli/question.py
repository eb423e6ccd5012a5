"""A question as a person types or pastes it."""

from __future__ import annotations

import re

import click

from rag.text.limits import MAX_QUESTION_CHARS

# What Python makes of bytes that are not UTF-8, and JSON of half a character.
_NO_CHARACTERS = re.compile("[\ud800-\udfff]")


def readable(question: str) -> str:
    """The question with a replacement character for whatever in it is none.

    Lines of a Latin-1 log are asked about as they are: their other words find the page.
    """
    return _NO_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", question)


def read_question(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001 - click's signature
    value: str | None,
) -> str | None:
    """The callback of a QUESTION: readable. Raises UsageError for an empty or too long one."""
    if value is not None and not value.strip():
        raise click.UsageError("QUESTION is empty: say what you look for", ctx)
    if value is not None and len(value) > MAX_QUESTION_CHARS:
        raise click.UsageError(
            f"QUESTION has {len(value)} characters, and may have {MAX_QUESTION_CHARS}: ask about "
            "the lines that matter",
            ctx,
        )
    return value and readable(value)
