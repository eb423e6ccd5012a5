"""Log messages as templates: how often each occurs, when, and in which bursts.

A message's obvious variables (numbers, addresses, identifiers) are masked first; a miner finds the
others. Memory is bounded by the number of templates and of buckets of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from rag.incidents.log_events import LogEvent
from rag.incidents.log_formats import Level

VARIABLE = "<*>"
MAX_TEMPLATES = 5_000
MAX_MESSAGE_CHARS = 1_000
BUCKET_SECONDS = 60
_MAX_BUCKETS = 3_000  # of one template; beyond it wider ones
MAX_LOG_BUCKETS = 200_000  # of all templates of a log, some 60 MB
_FEW_BUCKETS = MAX_LOG_BUCKETS // MAX_TEMPLATES
# An hour, a day, ten years, all years: the times of a log may be anything.
_WIDER = {60: 3_600, 3_600: 86_400, 86_400: 315_360_000, 315_360_000: 10**12}
_MAX_VARIABLES = 8
# A word of letters, digits and joints is a variable if it has a digit, is hexadecimal or a boolean.
_VARIABLE_WORD = re.compile(
    r"(?<![A-Za-z0-9_.\-])"
    r"(?:[A-Za-z_.\-]*+[0-9][A-Za-z0-9_.\-]*+|(?:[a-f]{8,}+|true|false)(?![A-Za-z0-9_.\-]))"
)
# The request of an access log, whose other quoted fields are the client's.
_REQUEST = re.compile(r'(?:"|\b)(?P<method>[A-Z]{3,10}) [^\s"]{1,1000} HTTP/[0-9.]{1,3}"')
_QUOTED = re.compile(r"\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'")
_REPEATED = re.compile(r"<\*>(?:[\s,;:|/]{0,2}<\*>)+")
_MARKS = "=:,;()[]{}\"'|/@"
_APART = str.maketrans({mark: f" {mark} " for mark in _MARKS})
_JOINTS = re.compile(r" ([=/@|]) ")
_BEFORE = re.compile(r" ([:,;)\]}])")
_AFTER = re.compile(r"([(\[{]) ")
OTHER = -1  # the number of what is beyond MAX_TEMPLATES
_OTHER = "other messages"


class TemplateMiner(Protocol):
    """Finds the template that a masked message belongs to."""

    def add(self, masked: str) -> int:
        """The number of its template, which never changes; OTHER beyond MAX_TEMPLATES.

        Two templates may become equal.
        """
        ...

    def tokens(self, number: int) -> Sequence[str]:
        """The tokens of a template, by what was added so far."""
        ...


@dataclass(slots=True)
class Bucket:
    """The events of a template within one minute, or hour: the first of them is quoted."""

    count: int
    first: datetime
    line: int


@dataclass(frozen=True, slots=True)
class TemplateStats:
    """A template and its occurrences in one log. `buckets` are in the order of time.

    `service` is the one that wrote it; `undated` events have no time. `variables` are the values
    that differed in the example.
    """

    template: str
    source: str
    service: str
    level: Level
    exception: str
    count: int
    undated: int
    example: str
    line: int
    variables: tuple[str, ...]
    buckets: tuple[Bucket, ...]

    @property
    def first(self) -> datetime | None:
        return self.buckets[0].first if self.buckets else None

    @property
    def last(self) -> datetime | None:
        """The start of the last bucket with an event, exact to a bucket's width."""
        return self.buckets[-1].first if self.buckets else None

    def count_between(self, start: datetime, end: datetime) -> int:
        """Events of the buckets that begin from `start` to before `end`."""
        return sum(one.count for one in self.buckets if start <= one.first < end)


@dataclass(slots=True)
class _Growing:
    """The statistics of one template while a log is read."""

    number: int
    example: LogEvent
    level: Level
    exception: str = ""
    count: int = 0
    undated: int = 0
    width: int = BUCKET_SECONDS
    buckets: dict[int, Bucket] = field(default_factory=dict)

    def add(self, event: LogEvent) -> int:
        """Count an event; returns by how many the buckets became more."""
        self.count += 1
        if event.exception:
            self.exception = event.exception
        if event.at is None:
            self.undated += 1
            return 0
        key = int(event.at.timestamp()) // self.width
        bucket = self.buckets.get(key)
        if bucket is None:
            before = len(self.buckets)
            self.buckets[key] = Bucket(1, event.at, event.line)
            if len(self.buckets) > _MAX_BUCKETS:
                self.widen()
            return len(self.buckets) - before
        bucket.count += 1
        if event.at < bucket.first:
            bucket.first, bucket.line = event.at, event.line
        return 0

    @property
    def is_routine(self) -> bool:
        """Whether no rule looks at its single minutes."""
        return not (self.level.is_error or self.level is Level.WARNING or self.exception)

    def widen(self) -> None:
        """Join the buckets into wider ones."""
        self.width = _WIDER.get(self.width, self.width)
        narrow = sorted(self.buckets.values(), key=lambda one: one.first)
        self.buckets = {}
        for bucket in narrow:
            key = int(bucket.first.timestamp()) // self.width
            before = self.buckets.setdefault(key, Bucket(0, bucket.first, bucket.line))
            before.count += bucket.count


class TemplateCounter:
    """Counts the templates of one log. At most MAX_TEMPLATES are told apart."""

    def __init__(self, miner: TemplateMiner, source: str) -> None:
        self._miner = miner
        self._source = source
        self._found: dict[tuple[int, str, bool], _Growing] = {}
        self._buckets = 0
        self.events = 0
        self.undated = 0

    def add(self, event: LogEvent) -> tuple[int, str, bool]:
        """Count an event; returns the key of its template, which `texts` names at the end."""
        self.events += 1
        self.undated += event.at is None
        number = self._miner.add(masked(event.message))
        key = (number, event.service, event.level.is_error)
        growing = self._found.get(key)
        if growing is None:
            if len(self._found) >= MAX_TEMPLATES:
                key = (OTHER, "", False)
                growing = self._found.get(key)
            if growing is None:
                growing = self._found[key] = _Growing(key[0], event, event.level)
        self._buckets += growing.add(event)
        if self._buckets > MAX_LOG_BUCKETS:
            self._widen()
        return key

    def _widen(self) -> None:
        """Join buckets, those of templates whose minutes no rule looks at first."""
        for routine_only in (True, *(False for _ in _WIDER)):
            for one in self._found.values():
                if len(one.buckets) > _FEW_BUCKETS and (one.is_routine or not routine_only):
                    one.widen()
            self._buckets = sum(len(one.buckets) for one in self._found.values())
            if self._buckets <= MAX_LOG_BUCKETS // 2:
                return

    def texts(self) -> dict[tuple[int, str, bool], str]:
        """The text of each template by its key, as it stands now."""
        return {key: self._text(key[0]) for key in self._found}

    def _text(self, number: int) -> str:
        if number == OTHER:
            return _OTHER
        return _REPEATED.sub(VARIABLE, _tightened(" ".join(self._miner.tokens(number))))

    def stats(self) -> list[TemplateStats]:
        """The templates, the most frequent first; those with equal text are one."""
        merged: dict[tuple[str, str, bool], _Growing] = {}
        for (_, service, is_error), one in self._found.items():
            text = self._text(one.number)
            key = (text, service, is_error)
            merged[key] = _joined(merged[key], one) if key in merged else one
        found = [self._stats(text, one) for (text, _, _), one in merged.items()]
        return sorted(found, key=lambda one: (-one.count, one.template))

    def _stats(self, text: str, one: _Growing) -> TemplateStats:
        example = one.example.message[:MAX_MESSAGE_CHARS]
        return TemplateStats(
            template=text,
            source=self._source,
            service=one.example.service,
            level=one.level,
            exception=one.exception,
            count=one.count,
            undated=one.undated,
            example=example,
            line=one.example.line,
            variables=tuple(_variables(example, text)),
            buckets=tuple(bucket for _, bucket in sorted(one.buckets.items())),
        )


def masked(message: str) -> str:
    """A message with its obvious variables as `<*>`, and its words apart."""
    text = message[:MAX_MESSAGE_CHARS]
    if request := _REQUEST.search(text) if " HTTP/" in text else None:
        before, behind = text[: request.start()], text[request.end() :]
        shown = f"{request['method']} {VARIABLE} HTTP"
        text = f"{before}{shown}{_QUOTED.sub(VARIABLE, behind)}"
    elif '"' in text or "'" in text:
        text = _QUOTED.sub(_masked_quote, text)
    text = _VARIABLE_WORD.sub(_masked_word, text)
    return " ".join(text.translate(_APART).split())


def _tightened(text: str) -> str:
    """A template without the blanks that `masked` put around its marks."""
    return _AFTER.sub(r"\1", _BEFORE.sub(r"\1", _JOINTS.sub(r"\1", text)))


def _masked_word(found: re.Match[str]) -> str:
    word = found.group()
    return VARIABLE + word[len(word.rstrip(".-")) :]


def _masked_quote(found: re.Match[str]) -> str:
    """Quoted words are a value; a quoted sentence may be the message itself."""
    text = found.group()
    return text if " " in text[1:-1].strip() else f"{text[0]}{VARIABLE}{text[-1]}"


def _joined(one: _Growing, other: _Growing) -> _Growing:
    first = min(one, other, key=_start)
    joined = _Growing(one.number, first.example, first.level, one.exception or other.exception)
    joined.count, joined.undated = one.count + other.count, one.undated + other.undated
    joined.width = max(one.width, other.width)
    for bucket in (*one.buckets.values(), *other.buckets.values()):
        key = int(bucket.first.timestamp()) // joined.width
        known = joined.buckets.get(key)
        if known is None:
            joined.buckets[key] = Bucket(bucket.count, bucket.first, bucket.line)
            continue
        known.count += bucket.count
        if bucket.first < known.first:
            known.first, known.line = bucket.first, bucket.line
    return joined


def _start(one: _Growing) -> datetime:
    return one.example.at or datetime.max.replace(tzinfo=UTC)


def _variables(example: str, template: str) -> Iterator[str]:
    """Words of the example that the template does not contain, in order, each once."""
    constant = set(template.split())
    words = example.translate(_APART).split()
    found: Mapping[str, None] = dict.fromkeys(word for word in words if word not in constant)
    yield from list(found)[:_MAX_VARIABLES]
