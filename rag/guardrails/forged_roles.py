"""Text that pretends to be a turn of a conversation with a model.

`user: ubuntu` is a line of many a configuration and `<user>` is a placeholder. So a role counts
only if what stands around it is a conversation: a sentence behind the role, a turn of an assistant
beside one of a user, the heads of an instruction template, or the tokens of a chat template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# A role with what follows it on its line.
_TURN = re.compile(
    r"^[ \t>*_-]*+(?P<heading>#{0,6}+)[ \t*_]*+(?P<role>system|assistant|user|developer|human|ai|"
    r"instructions?|responses?)[ \t*_]*+:(?=\s|$)(?P<said>[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_MODEL_ROLES = frozenset({"system", "assistant", "ai"})
_TEMPLATE_HEADS = frozenset({"instruction", "instructions", "response", "responses"})
_WORD = re.compile(r"[A-Za-z']{2,}")
_MIN_SENTENCE_WORDS = 4
# Tokens of chat templates count wherever they stand; a tag of a role only where no placeholder is
# written so: closing, or alone on its line.
_TOKEN = re.compile(
    r"<\|[\w ]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?(?:system|assistant)>"
    r"|</(?:context|passages?|user)>"
    r"|^[ \t>*-]{0,8}<(?:context|passages?|user)>[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)


def forged_turns(prose: str) -> Iterator[int]:
    """The offsets of lines that pretend to be a turn; `prose` has no code in it."""
    turns = list(_TURN.finditer(prose))
    has_model = any(_is_turn_of_model(turn) for turn in turns)
    for turn in turns:
        role = turn["role"].lower()
        if role in _TEMPLATE_HEADS:
            is_forged = bool(turn["heading"]) and not turn["said"].strip()
        elif role in _MODEL_ROLES:
            is_forged = _is_turn_of_model(turn)
        else:
            is_forged = has_model
        if is_forged:
            yield turn.start("role")


def has_role_token(line: str) -> bool:
    """Whether a line holds a token of a chat template or a tag of a role."""
    return bool(_TOKEN.search(line))


def _is_turn_of_model(turn: re.Match[str]) -> bool:
    if turn["role"].lower() not in _MODEL_ROLES:
        return False
    said = turn["said"]
    return not said.strip() or len(_WORD.findall(said)) >= _MIN_SENTENCE_WORDS
