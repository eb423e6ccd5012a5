"""Which documents claim an alert, strongest claim first.

    runbook_url     the alert's own link: a document's `url`, its path, or its path on a rendered
                    site; an anchor chooses the section
    front matter    the document lists the alert in `alerts`
    file name       `disk-full.md` is about `DiskFull`
    heading         a section is named after the alert
    title           the title contains the alert's name

The same claims serve the lookup of an alert and the report of which alerts have a runbook. Who may
read a document is not decided here: a caller takes the first claim that has a readable document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from rag.alerts.runbook_urls import (
    RunbookUrl,
    bare,
    compact,
    page_components,
    parse_runbook_url,
)
from rag.domain.documents import Kind
from rag.text.identifiers import identifiers_in

# A file in a repository is found by its name and folder; one component may be any `README.md`.
_MIN_COMPONENTS_OF_FILE = 2
_ANCHOR_PREFIXES = ("usercontent", "alertname", "alert")
# What may stand beside an alert's name in a heading that is named after it.
_HEADING_WORDS = frozenset({"", "alert", "alertname", "alerts", "runbook", "runbookfor"})


class ClaimedBy(StrEnum):
    """What in a document refers to the alert."""

    URL = "url"
    FRONT_MATTER = "front_matter"
    FILE_NAME = "file_name"
    HEADING = "heading"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class DocumentNames:
    """Everything in a document that an alert can refer to. `headings` hold each text once.

    `anchors` are headings with the anchor that their author declared for them.
    """

    document_id: str
    path: str
    kind: Kind
    title: str
    url: str | None = None
    alerts: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    anchors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A document, or the section under `heading` of it."""

    document_id: str
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Documents that claim an alert in the same way: more than one makes it ambiguous."""

    by: ClaimedBy
    targets: tuple[Target, ...]


class ClaimIndex:
    """Documents by everything that an alert can refer to. Building it takes linear time."""

    def __init__(self, documents: Iterable[DocumentNames]) -> None:
        self._documents = {one.document_id: one for one in documents}
        self._by_url: dict[str, list[str]] = defaultdict(list)
        self._by_page: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        self._by_alert: dict[str, list[Target]] = defaultdict(list)
        self._by_file: dict[str, list[Target]] = defaultdict(list)
        self._by_heading: dict[str, list[Target]] = defaultdict(list)
        self._by_title: dict[str, list[Target]] = defaultdict(list)
        for one in self._documents.values():
            self._add_addresses(one)
            if one.kind is not Kind.POSTMORTEM:  # it names alerts and does not answer them
                self._add_names(one)

    def claims(self, name: str, runbook_url: str = "") -> Iterator[Claim]:
        """Claims on an alert, strongest first; each has a target."""
        for targets in self.at(runbook_url):
            yield Claim(ClaimedBy.URL, tuple(targets))
        for by, found in self._named(name):
            if found:
                yield Claim(by, tuple(found))

    def at(self, url: str) -> Iterator[Sequence[Target]]:
        """The documents that a URL can mean, the most exact meaning first."""
        if not url.strip():
            return
        parsed = parse_runbook_url(url)
        for identities in self._documents_at(parsed):
            targets = [self._target(identity, parsed.anchor) for identity in identities]
            yield [one for one in targets if one.heading] or targets

    def _add_addresses(self, one: DocumentNames) -> None:
        if one.url:
            self._by_url[bare(one.url).casefold()].append(one.document_id)
        if components := page_components(one.path):
            self._by_page[components[-1]].append((components, one.document_id))

    def _add_names(self, one: DocumentNames) -> None:
        for alert in dict.fromkeys(one.alerts):
            self._by_alert[alert].append(Target(one.document_id))
        self._by_file[compact(PurePosixPath(one.path).stem)].append(Target(one.document_id))
        for name in {compact(found) for found in identifiers_in(one.title)}:
            self._by_title[name].append(Target(one.document_id))
        for heading in one.headings:
            if name := _alert_in_heading(heading):
                self._by_heading[name].append(Target(one.document_id, heading))

    def _named(self, name: str) -> Iterator[tuple[ClaimedBy, Sequence[Target]]]:
        key = compact(name)
        if not key:
            return
        yield ClaimedBy.FRONT_MATTER, self._by_alert.get(name, ())
        yield ClaimedBy.FILE_NAME, self._by_file.get(key, ())
        yield ClaimedBy.HEADING, self._by_heading.get(key, ())
        yield ClaimedBy.TITLE, self._by_title.get(key, ())

    def _documents_at(self, url: RunbookUrl) -> Iterator[list[str]]:
        if linked := self._by_url.get(url.bare.casefold()):
            yield linked
        components = page_components(url.path)
        near = self._by_page.get(components[-1], []) if components else []
        exact, rendered, partial = (defaultdict[int, list[str]](list) for _ in range(3))
        for own, identity in near:
            shared = _shared_tail(own, components)
            if shared < len(own):
                partial[shared].append(identity)
            elif f"/{url.path}".endswith(f"/{self._documents[identity].path}"):
                exact[shared].append(identity)
            else:
                rendered[shared].append(identity)
        for found in (exact, rendered):
            for length in sorted(found, reverse=True):
                yield found[length]
        for length in sorted(partial, reverse=True):
            if kept := [one for one in partial[length] if self._is_enough(one, url, length)]:
                yield kept

    def _is_enough(self, identity: str, url: RunbookUrl, shared: int) -> bool:
        """Whether so many components of a path are enough to mean this document."""
        if shared >= _MIN_COMPONENTS_OF_FILE or not url.names_a_file:
            return True
        return bool(url.anchor and self._target(identity, url.anchor).heading)

    def _target(self, identity: str, anchor: str) -> Target:
        names = self._documents[identity]
        for heading, declared in names.anchors if anchor else ():
            if declared == anchor and heading in names.headings:
                return Target(identity, heading)
        wanted = _without_prefix(compact(anchor))
        headings: Mapping[str, str] = (
            {_without_prefix(compact(heading)): heading for heading in reversed(names.headings)}
            if wanted
            else {}
        )
        return Target(identity, headings.get(wanted) or headings.get(wanted.rstrip("0123456789")))


def _shared_tail(one: Sequence[str], other: Sequence[str]) -> int:
    """How many components at the end are equal in both."""
    shared = 0
    for mine, theirs in zip(reversed(one), reversed(other), strict=False):
        if mine != theirs:
            break
        shared += 1
    return shared


def _without_prefix(anchor: str) -> str:
    for prefix in _ANCHOR_PREFIXES:
        if anchor.startswith(prefix) and anchor != prefix:
            anchor = anchor.removeprefix(prefix)
    return anchor


def _alert_in_heading(heading: str) -> str:
    """The compact name of the alert that a heading is named after, else empty."""
    names = identifiers_in(heading)
    if len(names) != 1 or compact(heading.replace(names[0], " ", 1)) not in _HEADING_WORDS:
        return ""
    return compact(names[0])
