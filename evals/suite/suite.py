"""Loads a suite: `suite.toml` and JSONL files of questions. docs/evals.md has the format."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evals.gate.rules import GateRules
from rag.access.acl import parse_tags
from rag.domain.access import Principal
from rag.domain.search import MAX_K
from rag.errors import ConfigurationError, InvalidTag

SUITE_FILE = "suite.toml"
HITS = 10
_SHIPPED = Path(__file__).parents[1] / "suites" / "shipped"
_ADMINISTRATOR = "administrator"


class QuestionKind(StrEnum):
    """What a question tests."""

    ALERT = "alert"
    SYMPTOM = "symptom"
    HOW_TO = "how-to"
    CAUSE = "cause"
    COMMAND = "command"
    IDENTIFIER = "identifier"
    MULTI_PAGE = "multi-page"
    CONFLICT = "conflict"
    WRONG_ASSUMPTION = "wrong-assumption"
    UNANSWERABLE = "unanswerable"


@dataclass(frozen=True, slots=True)
class GoldPassage:
    """Verbatim text of a document that answers a question."""

    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its gold documents; `line` is its line in `file`.

    `personas` can find the answer; the first of them is scored.
    """

    id: str
    text: str
    kind: QuestionKind
    gold_documents: tuple[str, ...]
    gold_passages: tuple[GoldPassage, ...]
    reference: str
    personas: tuple[str, ...]
    must_pass: bool
    file: str
    line: int

    @property
    def answerable(self) -> bool:
        return bool(self.gold_documents)


@dataclass(frozen=True, slots=True)
class Suite:
    """Questions over one corpus. `digest` is a hash of all files of the suite.

    `as_of` is the day for which freshness is computed, so that runs are reproducible; `hits` is the
    number of hits requested.
    """

    name: str
    folder: Path
    corpus: Path
    personas: Mapping[str, Principal]
    rules: GateRules
    baseline: Path
    questions: tuple[Question, ...]
    digest: str
    acl: frozenset[str] | None = None
    as_of: date | None = None
    hits: int = HITS


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Files(_Strict):
    """The files with the questions, and the names of their fields."""

    files: tuple[str, ...] = ("questions.jsonl",)
    question: str = "question"
    gold_documents: str = "gold_documents"
    kind: QuestionKind | None = None


class _Gate(_Strict):
    """The gate's rules for this suite, apart from its floors."""

    smallest: dict[str, float] = {}
    judges_block: bool = False


class _Head(_Strict):
    name: str = Field(min_length=1)
    corpus: str
    acl: tuple[str, ...] | None = None
    as_of: date | None = None
    hits: int = Field(default=HITS, ge=1, le=MAX_K)
    personas: dict[str, tuple[str, ...] | Literal["administrator"]] = Field(min_length=1)
    floors: dict[str, float] = {}
    gate: _Gate = _Gate()
    baseline: str = "baseline.json"
    questions: _Files = _Files()


class _Passage(_Strict):
    document: str
    text: str = Field(min_length=1)


class _Line(BaseModel):
    """One line of a questions file. Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    kind: QuestionKind
    gold_documents: tuple[str, ...] = ()
    gold_passages: tuple[_Passage, ...] = ()
    reference: str = ""
    personas: tuple[str, ...] = ()
    must_pass: bool = False
    draft: bool = False

    @model_validator(mode="after")
    def _has_gold(self) -> _Line:
        if self.draft:
            raise ValueError(
                f"{self.id} is a draft: check its kind and gold_documents, and remove `draft`"
            )
        if (self.kind is QuestionKind.UNANSWERABLE) == bool(self.gold_documents):
            raise ValueError("an unanswerable question has no gold documents, any other has some")
        foreign = {passage.document for passage in self.gold_passages} - set(self.gold_documents)
        if foreign:
            raise ValueError(f"a gold passage is in {min(foreign)!r}, which is not a gold document")
        return self


@dataclass(frozen=True, slots=True)
class _Reading:
    """A suite's `suite.toml` and the bytes of all files read for it."""

    folder: Path
    head: _Head
    read: list[bytes] = field(default_factory=list)


def shipped_suite() -> Path:
    """The suite over the sample corpus, in a source checkout. Raises ConfigurationError."""
    if not _SHIPPED.is_dir():
        raise ConfigurationError(
            "the suite over the sample corpus exists only in a source checkout: name a suite, "
            "or start one with `runbook eval init`"
        )
    return _SHIPPED


def load_suite(path: Path) -> Suite:
    """Load the suite in a folder or at the path of a `suite.toml`.

    Raises ConfigurationError, naming file and line.
    """
    place = path / SUITE_FILE if path.is_dir() else path
    data = _bytes_of(place)
    reading = _Reading(place.resolve().parent, _head(place, data), [data])
    questions = tuple(_questions(reading))
    _check_ids(questions)
    head = reading.head
    return Suite(
        name=head.name,
        folder=reading.folder,
        corpus=_corpus(place, reading.folder, head.corpus),
        personas={name: _principal(place, name, groups) for name, groups in head.personas.items()},
        rules=GateRules(
            floors=dict(sorted(head.floors.items())),
            smallest=head.gate.smallest,
            judges_block=head.gate.judges_block,
        ),
        baseline=(reading.folder / head.baseline).resolve(),
        questions=questions,
        digest=hashlib.sha256(b"\0".join(reading.read)).hexdigest(),
        acl=None if head.acl is None else _tags(place, head.acl),
        as_of=head.as_of,
        hits=head.hits,
    )


def _bytes_of(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{place}: cannot be read ({error.strerror}); `runbook eval init` starts a suite"
        ) from error


def _head(place: Path, data: bytes) -> _Head:
    try:
        return _Head.model_validate(tomllib.loads(data.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{place}: not valid TOML: {error}") from error
    except ValidationError as error:
        raise ConfigurationError(f"{place}: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in found["loc"])
    return f"{where}: {found['msg']}" if where else str(found["msg"])


def _corpus(place: Path, folder: Path, written: str) -> Path:
    """The corpus relative to the suite's folder, else to the nearest parent that has it."""
    for found in _here_and_above(folder, written):
        if found.is_dir() and found != folder:
            return found.resolve()
    raise ConfigurationError(f"{place}: corpus: no folder {written!r} here or in a parent folder")


def _here_and_above(folder: Path, written: str) -> Iterator[Path]:
    return (start / written for start in (folder, *folder.parents))


def _principal(place: Path, name: str, groups: tuple[str, ...] | str) -> Principal:
    if groups == _ADMINISTRATOR:
        return Principal(name, administrator=True)
    return Principal(name, _tags(place, groups))


def _tags(place: Path, tags: Sequence[str]) -> frozenset[str]:
    try:
        return parse_tags(tags)
    except InvalidTag as error:
        raise ConfigurationError(f"{place}: {error}") from error


def _questions(reading: _Reading) -> Iterator[Question]:
    for name in reading.head.questions.files:
        places = [*_here_and_above(reading.folder, name)]
        place = next((one for one in places if one.is_file()), places[0])
        data = _bytes_of(place)
        reading.read.append(data)
        for number, line in enumerate(data.decode("utf-8").splitlines(), start=1):
            if line.strip():
                yield _question(reading.head, place, number, line)


def _question(head: _Head, place: Path, number: int, line: str) -> Question:
    try:
        parsed = _Line.model_validate(_with_standard_names(head.questions, json.loads(line)))
    except (ValueError, TypeError) as error:
        why = _first(error) if isinstance(error, ValidationError) else str(error)
        raise ConfigurationError(f"{place}:{number}: {why}") from error
    unknown = [name for name in parsed.personas if name not in head.personas]
    if unknown:
        raise ConfigurationError(
            f"{place}:{number}: personas: suite.toml defines no persona {unknown[0]!r}"
        )
    return Question(
        id=parsed.id,
        text=parsed.question,
        kind=parsed.kind,
        gold_documents=parsed.gold_documents,
        gold_passages=tuple(GoldPassage(one.document, one.text) for one in parsed.gold_passages),
        reference=parsed.reference,
        personas=parsed.personas or tuple(head.personas),
        must_pass=parsed.must_pass,
        file=str(place),
        line=number,
    )


def _with_standard_names(names: _Files, line: Any) -> dict[str, Any]:
    """A line with its fields renamed to the standard names."""
    if not isinstance(line, dict):
        raise TypeError("expected an object")
    gold = line.get(names.gold_documents, ())
    kind = line.get("kind") or (names.kind if gold else QuestionKind.UNANSWERABLE)
    question = line.get(names.question)
    return {**line, "question": question, "gold_documents": gold, "kind": kind}


def _check_ids(questions: Sequence[Question]) -> None:
    seen: dict[str, Question] = {}
    for question in questions:
        if question.id in seen:
            raise ConfigurationError(
                f"{question.file}:{question.line}: the id {question.id!r} is already used on line "
                f"{seen[question.id].line}"
            )
        seen[question.id] = question
    if not questions:
        raise ConfigurationError(
            "the suite has no questions: write some, or complete some of its drafts"
        )
