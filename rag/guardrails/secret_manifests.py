"""Values of Kubernetes Secrets, which may be secret whatever their keys are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.guardrails.encodings import decoded_base64
from rag.guardrails.placeholders import is_mixed, is_name, is_placeholder

_SECRET = re.compile(r"^[ \t>]*(?:- )?kind:[ \t]*[\"']?Secret[\"']?[ \t]*$", re.MULTILINE)
_DATA = re.compile(r"([ \t>]*)(?:data|stringData):[ \t]*")
_ENTRY = re.compile(
    r"[ \t>]*+[\"']?[\w.-]{1,253}[\"']?:[ \t]+[\"']?(?P<value>[^\s\"'#]+)[\"']?[ \t]*(?:#.*)?"
)
_WHOLE_LINE = re.compile(r"[ \t>]*+(?P<value>\S+)[ \t]*")
_DOCUMENT_END = re.compile(r"[ \t>]*(?:---|\.\.\.|```|~~~)")
_PUBLIC_PEM = "-----BEGIN CERTIFICATE"
_PLAIN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^@\s]*", re.IGNORECASE)
_CREDENTIALS_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,80}:[^\s/]+@", re.IGNORECASE)
_MIN_VALUE = 8


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip(" \t>"))


def manifest_values(text: str) -> Iterator[tuple[int, int]]:
    """Where each value under `data` and `stringData` of a Secret begins and ends.

    Settings such as `region: eu-west-1`, plain addresses and certificates are left out.
    """
    if not _SECRET.search(text):
        return
    start = 0
    manifest: list[_Line] = []
    for line in [*text.split("\n"), "---"]:
        if _DOCUMENT_END.match(line):
            if any(_SECRET.match(one.text) for one in manifest):
                yield from _values(manifest)
            manifest = []
        else:
            manifest.append(_Line(start, line))
        start += len(line) + 1


def _values(manifest: list[_Line]) -> Iterator[tuple[int, int]]:
    for line in _under_data(manifest):
        found = _ENTRY.fullmatch(line.text) or _WHOLE_LINE.fullmatch(line.text)
        if found and _is_secret(found["value"]):
            yield line.start + found.start("value"), line.start + found.end("value")


def _under_data(manifest: list[_Line]) -> Iterator[_Line]:
    """The lines that are indented more than the `data:` before them."""
    outer: int | None = None
    for line in manifest:
        if outer is not None and line.text.strip(" \t>") and line.indent <= outer:
            outer = None
        if heading := _DATA.fullmatch(line.text):
            outer = len(heading[1])
        elif outer is not None:
            yield line


def _is_secret(value: str) -> bool:
    plain = decoded_base64(value) or value
    return bool(_CREDENTIALS_URL.match(plain)) or (
        len(plain) >= _MIN_VALUE
        and not plain.startswith(_PUBLIC_PEM)
        and not _PLAIN_URL.fullmatch(plain)
        and not is_placeholder(plain)
        and is_mixed(plain)
        and not is_name(plain)
    )
