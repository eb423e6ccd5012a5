"""Finds secrets in text, so that none is quoted: to a model, in a report, or in a log.

Keys of known vendors are recognised by their form, everything else by the word before it. An
obvious placeholder (`<password>`, `$TOKEN`, `xxxx`) is not a secret.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

REDACTED = "[redacted]"

# A vendor's own form: the match is the secret, or its group where it has one.
_FORMS = {
    "private key": re.compile(
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[^-]*-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----)?"
    ),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})\b"),
    "GitLab token": re.compile(r"\bgl(?:pat|ptt|dt|rt|cbt|soat)-[\w-]{20,}"),
    "Slack token": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}"),
    "Slack webhook": re.compile(r"https://hooks\.slack\.com/(?:services|workflows)/[\w/]{20,}"),
    "Stripe key": re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    "Google API key": re.compile(r"\bAIza[\w-]{35}"),
    "Anthropic key": re.compile(r"\bsk-ant-[\w-]{20,}"),
    "OpenAI key": re.compile(r"\bsk-(?!ant-)(?:proj-|svcacct-)?[A-Za-z0-9_-]{32,}"),
    "Vault token": re.compile(r"\bhv[sbr]\.[\w-]{20,}"),
    "npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "PyPI token": re.compile(r"\bpypi-AgE[\w-]{50,}"),
    "SendGrid key": re.compile(r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    "Mailchimp key": re.compile(r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    "Twilio key": re.compile(r"\bSK[0-9a-f]{32}\b"),
    "Square token": re.compile(r"\bsq0(?:csp|atp|idp)-[\w-]{22,43}"),
    "Discord token": re.compile(r"\b[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38}"),
    "Telegram token": re.compile(r"(?<!\d)\d{8,10}:[\w-]{35}(?![\w-])"),
    "Artifactory token": re.compile(r"\bAKC[A-Za-z0-9]{50,}"),
    "JSON web token": re.compile(
        # A run of its characters is read once, from its beginning: it may hold `-eyJ` many times.
        r"(?<![\w-])(?:(?!\beyJ[\w-]{8})[\w-])*+(eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]{8,}+)"
    ),
}
# A value behind a word that announces a secret: the group is the secret.
_NAMED = {
    "password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,80}:([^\s/@]{1,200})@"),
    "password": re.compile(
        r"(?<![A-Za-z])[\w-]{0,40}?(?:password|passwd|passphrase|pwd)"
        r"[\"']?\s{0,3}(?:=|:(?!:))\s{0,3}[\"'`]?([^\s\"'`,;)}\]|&]{6,200})",
        re.IGNORECASE,
    ),
    "password option": re.compile(r"(?<!\S)--?pass(?:word|wd)?[= ][\"']?([^\s\"'`]{6,200})"),
    "password of curl": re.compile(
        r"\bcurl\b[^\n|;]{0,300}?\s(?:-u|--user)[= ]?[\"']?[^\s:\"']{1,80}:([^\s\"']{4,200})"
    ),
    "secret or token": re.compile(
        r"(?<![A-Za-z])[\w-]{0,40}?(?:secret|token|(?:api|access|account|iam|private)[_-]?key)"
        r"(?:[_-]?(?:key|id|value))?[\"']?\s{0,3}[=:]\s{0,3}[\"'`]?"
        r"([A-Za-z0-9+/_=.~-]{16,300})",
        re.IGNORECASE,
    ),
    "authorization header": re.compile(
        r"\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:bearer|basic|token)\s+"
        r"([A-Za-z0-9+/_=.~-]{12,2000})",
        re.IGNORECASE,
    ),
}
_PLACEHOLDER = re.compile(
    r"[<\[{(%].*|.*\$[\w({].*|.*\{\{.*|\*+|[xX.…_-]+|.*(?:\bx{4,}\b|\.\.\.|…).*|"
    r".*(?:example|changeme|change-me|placeholder|redacted|dummy|your[_-]).*|"
    r"(?:true|false|null|none|required|optional|unset|empty|string)\b.*",
    re.IGNORECASE | re.DOTALL,
)
# `password: ask` is prose, `password=os.environ[` is code, and a path is where it is kept.
_NOT_A_PASSWORD = re.compile(r"[^(\[\n]*+[(\[].*|\.{0,2}/.*|[A-Za-z]{1,20}:.*")
_PROSE = re.compile(r".*:\s+[\"'`]?[A-Za-z]+", re.DOTALL)
_JOINT = re.compile(r"[-_./]")


@dataclass(frozen=True, slots=True)
class Secret:
    """The position and kind of a secret, never its value. `line` counts from 1.

    `start` and `end` are its offsets in the text that was searched.
    """

    line: int
    kind: str
    start: int
    end: int


def find_secrets(text: str) -> list[Secret]:
    """Every secret in `text`, in order; of two that overlap, the one of a known form."""
    found: list[tuple[int, int, str]] = []  # in the order of their places; none overlap
    for start, end, kind in _matches(text):
        place = bisect(found, (start, end, kind))
        follows = place == 0 or found[place - 1][1] <= start
        if follows and (place == len(found) or end <= found[place][0]):
            found.insert(place, (start, end, kind))
    return list(_with_lines(text, found))


def _with_lines(text: str, found: Iterable[tuple[int, int, str]]) -> Iterator[Secret]:
    line, counted = 1, 0
    for start, end, kind in found:
        line += text.count("\n", counted, start)
        counted = start
        yield Secret(line, kind, start, end)


def redacted(text: str) -> str:
    """`text` with `[redacted]` in place of each secret."""
    pieces: list[str] = []
    done = 0
    for secret in find_secrets(text):
        pieces += [text[done : secret.start], REDACTED]
        done = secret.end
    return "".join([*pieces, text[done:]])


def _matches(text: str) -> Iterator[tuple[int, int, str]]:
    for kind, form in _FORMS.items():
        for match in form.finditer(text):
            yield *match.span(form.groups), kind
    for kind, form in _NAMED.items():
        for match in form.finditer(text):
            if not _PLACEHOLDER.fullmatch(match[1]) and _is_meant(kind, match):
                yield match.start(1), match.end(1), kind


def _is_meant(kind: str, match: re.Match[str]) -> bool:
    value = str(match[1])
    if kind == "password":
        return not (_NOT_A_PASSWORD.fullmatch(value) or _PROSE.fullmatch(match[0]))
    return kind != "secret or token" or not _is_a_name(value)


def _is_a_name(value: str) -> bool:
    """Whether it names where a secret is kept, as in `secret: checkout-api-db-2`."""
    parts = [part for part in _JOINT.split(value) if part]
    words = sum(1 for part in parts if part.isalpha())
    if len(parts) > 1:
        return words * 2 >= len(parts)
    return not (any(map(str.isdigit, value)) and any(map(str.isalpha, value)))
