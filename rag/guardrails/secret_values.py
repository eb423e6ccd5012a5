"""Decides whether a value that is announced as a secret is one.

How strict a rule is depends on what announces the value: a password may be any word that is not a
placeholder, a token looks random, and prose may say anything behind the word `password`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.guardrails.encodings import decoded_base64
from rag.guardrails.placeholders import (
    is_code,
    is_mixed,
    is_name,
    is_placeholder,
    is_reference,
)

# Names whose values are shown to everyone, in lower case, before what announces a secret.
_HARMLESS_NAME = re.compile(
    r"(?<![a-z])(?:public|publishable|next[_-]?(?:page)?|page|continu(?:e|ation)|sync|[cx]srf|"
    r"cancel(?:lation)?|mysqlnative|sort|partition|primary|foreign|idempotency|native|encrypted|"
    r"hashed|sealed|no|max|min)[_-]?\Z"
)
_NAME_LENGTH = 24  # characters
_ENCRYPTED_MANIFEST = re.compile(r"kind:\s{0,3}SealedSecret|\bsops:", re.IGNORECASE)
_ENCRYPTED_VALUE = re.compile(r"Ag[A-Za-z0-9+/=]{20}")
_HEX = re.compile(r"[0-9a-fA-F]{20,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LETTERS = re.compile(r"[A-Za-z]+")
_WORDS = re.compile(r"[A-Za-z]++(?:[-_/.][A-Za-z]++)*+[.!?:]?")
_ENDS_LINE = re.compile(r"[ \t]*+(?:[,;}\]]?[ \t]*+(?:\n|\Z)|#|//)")
_UPPER_NAME = re.compile(r"[A-Z][A-Z_]{2}")
_NAMING_WORDS = ("pass", "secret", "cred", "key", "token")
_SENTENCE_END = ".,:;!?)*_"
_MIN_PASSWORD = 5
_MIN_RANDOM_PASSWORD = 6
_MIN_SECRET = 8
_MIN_RANDOM = 16  # from here on letters and digits without an order are no word


@dataclass(frozen=True, slots=True)
class AnnouncedValue:
    """A value with the match that found it: its last named group. `user` is the group `user`."""

    match: re.Match[str]

    @property
    def group(self) -> str:
        return self.match.lastgroup or ""

    @property
    def text(self) -> str:
        return self.match[self.group]

    @property
    def is_quoted(self) -> bool:
        """Whether it begins and ends with a quote, so that it is a literal and no code."""
        return self.group.startswith("quoted")

    @property
    def user(self) -> str:
        return (self.match.groupdict().get("user") or "").strip("\"'")

    @property
    def follows_colon(self) -> bool:
        before = self.match.string[self.match.start() : self.match.start(self.group)]
        return before.rstrip(" \t\"'`*\\").endswith(":")

    @property
    def ends_line(self) -> bool:
        return bool(_ENDS_LINE.match(self.match.string, self.match.end()))


def is_password(value: AnnouncedValue) -> bool:
    """Any word that is no placeholder; behind a colon, any that is no prose."""
    text = value.text
    if len(text) < _MIN_PASSWORD or text.startswith("-") or _stands_for_one(value):
        return False
    if value.is_quoted or not value.follows_colon:
        return True
    if _LETTERS.fullmatch(text):  # `password: ask the owner`
        return False
    return not _WORDS.fullmatch(text) or (value.ends_line and not _names_an_entry(text))


def is_option_value(value: AnnouncedValue) -> bool:
    """The password behind an option such as `-p`, which may mean something else elsewhere."""
    return is_pair(value) and is_password(value) and not _LETTERS.fullmatch(value.text)


def is_secret(value: AnnouncedValue) -> bool:
    """A token or key: a hexadecimal number, or letters and digits that form no name."""
    text = value.text.rstrip(_SENTENCE_END)
    if len(text) < _MIN_SECRET or text.startswith("-") or _stands_for_one(value):
        return False
    if _HEX.fullmatch(text):
        return True
    has_digit = any(map(str.isdigit, text))
    return is_mixed(text) and not is_name(text) and (has_digit or len(text) >= _MIN_RANDOM)


def is_random(value: AnnouncedValue) -> bool:
    """The strictest rule: letters and digits that are no name, no version and no variable."""
    text = value.text.rstrip(_SENTENCE_END)
    return (
        len(text) >= _MIN_RANDOM_PASSWORD
        and is_mixed(text)
        and any(map(str.isdigit, text))
        and not is_name(text)
        and not _UPPER_NAME.match(text)
        and not _stands_for_one(value)
    )


def is_pair(value: AnnouncedValue) -> bool:
    """The password of `user:password`; a default such as `guest:guest` is none."""
    text = value.text
    return text != value.user and not is_placeholder(text) and not is_reference(text)


def is_encoded_pair(value: AnnouncedValue) -> bool:
    """Base64 of `user:password`."""
    user, separator, password = decoded_base64(value.text).partition(":")
    return bool(separator) and not (is_placeholder(password) or password == user)


def is_credentials(value: AnnouncedValue) -> bool:
    """What an `Authorization` header carries."""
    if "basic" in value.match[0].lower() and ":" in decoded_base64(value.text):
        return is_encoded_pair(value)
    return not _stands_for_one(value) and not _WORDS.fullmatch(value.text)


def is_no_placeholder(value: AnnouncedValue) -> bool:
    """Whatever is written down."""
    return not is_placeholder(value.text)


def _names_an_entry(text: str) -> bool:
    """Whether `password: db-password-ref` names the entry that holds it."""
    return any(word in text.lower() for word in _NAMING_WORDS)


def _stands_for_one(value: AnnouncedValue) -> bool:
    text = value.text
    return (
        is_placeholder(text)
        or is_placeholder(decoded_base64(text))
        or is_reference(text)
        or (not value.is_quoted and is_code(text))
        or _has_harmless_name(value.match)
        or _is_encrypted(value)
    )


def _has_harmless_name(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - _NAME_LENGTH) : match.start()]
    return bool(_HARMLESS_NAME.search(before.lower()))


def _is_encrypted(value: AnnouncedValue) -> bool:
    """Whether it is encrypted, as in a SealedSecret."""
    if not _ENCRYPTED_VALUE.match(value.text):
        return False
    return bool(_ENCRYPTED_MANIFEST.search(value.match.string))
