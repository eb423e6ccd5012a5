"""Tags of MDX components on lines of their own, as a block rule of markdown-it-py."""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock

# A component's name begins with a capital: https://mdxjs.com/docs/what-is-mdx (JSX).
_COMPONENT_TAG = re.compile(
    r"</?[A-Z][\w.]*+"
    r"(?:[^<>\"'{}]|\"[^\"]*+\"|'[^']*+'|\{(?:[^{}]|\{[^{}]*+\})*+\})*+"
    r">[ \t]*+(?=\n|\Z)"
)
_MAX_TAG_LINES = 12
_MAX_TAG_LENGTH = 1_000


def component_tag(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A component's tag, whose HTML block would else go on to the next blank line."""
    first = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith("<", first):
        return False
    last = state.eMarks[min(start + _MAX_TAG_LINES, end) - 1]
    found = _COMPONENT_TAG.match(state.src, first, min(last, first + _MAX_TAG_LENGTH))
    if not found or state.is_code_block(start):
        return False
    behind = start + 1 + found[0].count("\n")
    if found.end() != state.eMarks[behind - 1]:
        return False
    if silent:
        return True
    token = state.push("html_block", "", 0)
    token.map = [start, behind]
    token.content = found[0]
    state.line = behind
    return True
