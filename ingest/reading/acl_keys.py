"""Which keys say who may read a document, or look as if they did."""

from __future__ import annotations

import re
import unicodedata

from rag.guardrails.injection import HIDDEN_CHARACTERS

ACL = "acl"
_LIKE_ACL = frozenset({"acl", "acls", "access", "accesscontrol", "readers", "allowedgroups"})
_NOT_A_LETTER = re.compile(r"[^a-z]")
_KEY_STARTS = re.compile(r"[\n{,\[?&*]")
_KEY_ENDS = re.compile(r"[:=]")
_WORD = re.compile(r"(?<![a-z])acls?(?![a-z])")
_ESCAPED = re.compile(r"\\[ux]", re.IGNORECASE)


def folded(text: str) -> str:
    """Text in which letters that look the same are the same, without hidden characters."""
    return unicodedata.normalize("NFKC", HIDDEN_CHARACTERS.sub("", text)).casefold()


def looks_like_acl(key: str) -> bool:
    """Whether a key is `acl`, or one that an author may have written for it."""
    return _NOT_A_LETTER.sub("", folded(key)) in _LIKE_ACL


def may_hold_acl(text: str) -> bool:
    """Whether metadata that cannot be parsed may say who may read the document."""
    plain = folded(text)
    if _WORD.search(plain) or _ESCAPED.search(plain):
        return True
    keys = (_KEY_ENDS.split(part, maxsplit=1)[0] for part in _KEY_STARTS.split(plain))
    return any(_NOT_A_LETTER.sub("", key) in _LIKE_ACL for key in keys)
