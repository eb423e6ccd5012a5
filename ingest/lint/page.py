"""A file as the rules read it: its text, what it says of itself, its blocks and its markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Protocol

from ingest.isolation.limits import ReadingFailed
from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.markup import Markup, read_markup
from ingest.reading.blocks import Block
from ingest.reading.decode import decode_any
from ingest.reading.front_matter import Fields, read_text
from ingest.reading.notes import Note
from ingest.sources.files import read_file
from rag.domain.documents import Kind
from rag.errors import QuarantineError
from rag.retrieval.priors import superseded_paths

MARKDOWN = frozenset({".md", ".markdown"})
UNREADABLE = Rule(
    "unreadable",
    Level.ERROR,
    "The file cannot be read.",
    "Do what the message says, or exclude the file in .runbookignore.",
)
FRONT_MATTER = Rule(
    "front-matter",
    Level.ERROR,
    "Who may read the page cannot be told; it would be quarantined.",
    "Correct the key that the message names.",
)
METADATA = Rule(
    "metadata",
    Level.NOTE,
    "A key of the front matter was left out, or read in another way than it is written.",
    "Write the value as docs/documents.md shows it, or leave the key to the tool that it is for.",
)
_MAX_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """What is parsed of a page's text."""

    fields: Fields
    body_first_line: int
    blocks: tuple[Block, ...]
    markup: Markup
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`path` is relative to `root`, with `/`; `guessed` says that the source's root may lie below.

    `blocks` and `markup` are empty where the front matter cannot be understood.
    """

    root: Path
    path: str
    text: str = ""
    fields: Fields = field(default_factory=Fields)
    body_first_line: int = 1
    blocks: tuple[Block, ...] = ()
    markup: Markup = field(default_factory=Markup)
    broken: Finding | None = None
    guessed: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def place(self) -> Path:
        return self.root / self.path

    @property
    def kind(self) -> Kind:
        """What the page says it is; a page that says nothing is a runbook."""
        return self.fields.kind or Kind.RUNBOOK

    @property
    def body(self) -> str:
        return "\n".join(self.text.split("\n")[self.body_first_line - 1 :])

    @property
    def superseded(self) -> frozenset[str]:
        """The paths that `supersedes` may mean, as paths below `root`."""
        named = self.fields.supersedes
        if named is None:
            return frozenset()
        if not self.guessed:
            return frozenset(path for _, path in superseded_paths("", self.path, named))
        folders = PurePosixPath(self.path).parents
        return frozenset(normpath(str(folder / named)) for folder in folders) - {self.path}

    def line_of(self, key: str) -> int:
        """The line of a key of the front matter; 1 where it is not found."""
        head = self.text.split("\n")[: self.body_first_line - 1]
        return next((n for n, line in enumerate(head, 1) if line.startswith(f"{key}:")), 1)

    def finding(self, rule: Rule, line: int, message: str) -> Finding:
        return Finding(rule, self.place, line, message)


class PageContents(Protocol):
    """Parses pages, wherever that is safe."""

    def read(
        self, files: Iterable[tuple[str, bytes]]
    ) -> Iterator[tuple[str, Content | QuarantineError]]:
        """Each path with the content of its bytes, or with why they cannot be read, in order."""
        ...


def read_content(path: str, data: bytes) -> Content:
    """Parse a page, in this process. Raises QuarantineError."""
    suffix = PurePosixPath(path).suffix.lower()
    front, loaded = read_text(suffix, decode_any(data).text)
    first = front.body_first_line
    markup = read_markup(front.body, first) if suffix in MARKDOWN else Markup()
    return Content(front.fields, first, loaded.blocks, markup, front.notes)


def read_pages(
    contents: PageContents, root: Path, paths: Sequence[str], *, guessed: bool = False
) -> list[Page]:
    """The pages at `paths`, in order; one that cannot be read says so in `broken`."""
    texts: dict[str, str] = {}
    pages: dict[str, Page] = {}

    def readable() -> Iterator[tuple[str, bytes]]:
        for path in paths:
            try:
                data = read_file(root, path, _MAX_BYTES).data
                texts[path] = decode_any(data).text
            except QuarantineError as error:
                pages[path] = Page(root, path, broken=_broken(UNREADABLE, root / path, error))
            else:
                yield path, data

    for path, content in contents.read(readable()):
        pages[path] = make_page(root, path, texts.pop(path), content, guessed=guessed)
    return [pages[path] for path in paths]


def make_page(
    root: Path, path: str, text: str, content: Content | QuarantineError, *, guessed: bool = False
) -> Page:
    """A page from its text and what was parsed of it."""
    if isinstance(content, QuarantineError):
        rule = UNREADABLE if isinstance(content, ReadingFailed) else FRONT_MATTER
        return Page(root, path, text, broken=_broken(rule, root / path, content))
    return Page(
        root,
        path,
        text,
        content.fields,
        content.body_first_line,
        content.blocks,
        content.markup,
        guessed=guessed,
        notes=content.notes,
    )


def _broken(rule: Rule, place: Path, error: QuarantineError) -> Finding:
    return Finding(rule, place, error.line or 1, error.reason)
