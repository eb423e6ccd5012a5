"""A suite on disk: `suite.toml` beside JSONL files of questions. docs/evals.md has the format."""

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
from rag.errors import ConfigurationError, InvalidTag
from rag.retrieval.search import MAX_K

SUITE_FILE = "suite.toml"
HITS = 10
_SHIPPED = Path(__file__).parents[1] / "suites" / "shipped"
_ADMINISTRATOR = "administrator"


class QuestionKind(StrEnum):
    """What a question tries."""

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
    """Words of a page that answer a question, exactly as they stand there."""

    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what answers it; `line` is where it stands in its file.

    `personas` names who can find the answer; the first of them is scored.
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
    """Questions over one corpus. `digest` changes with anything that its outcome depends on.

    `as_of` is the day against which freshness is told, so that a run tomorrow says the same;
    `hits` is how many passages are asked for.
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
    """Which files hold the questions, and what their fields are called."""

    files: tuple[str, ...] = ("questions.jsonl",)
    question: str = "question"
    gold_documents: str = "gold_documents"
    kind: QuestionKind | None = None


class _Gate(_Strict):
    """What the gate holds this suite to, beside its floors."""

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
    """One line of a file of questions. Fields of one's own are left alone."""

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
                f"{self.id} is a draft: check its kind and gold_documents, and take `draft` out"
            )
        if (self.kind is QuestionKind.UNANSWERABLE) == bool(self.gold_documents):
            raise ValueError("an unanswerable question has no gold documents, any other has some")
        foreign = {passage.document for passage in self.gold_passages} - set(self.gold_documents)
        if foreign:
            raise ValueError(f"a gold passage stands in {min(foreign)!r}, no gold document")
        return self


@dataclass(frozen=True, slots=True)
class _Reading:
    """A suite's head and the files that were read for it."""

    folder: Path
    head: _Head
    read: list[bytes] = field(default_factory=list)


def shipped_suite() -> Path:
    """The suite over the sample corpus, in a source checkout. Raises ConfigurationError."""
    if not _SHIPPED.is_dir():
        raise ConfigurationError(
            "the suite over the sample corpus is part of the source checkout alone: name a suite, "
            "or start one with `runbook eval init`"
        )
    return _SHIPPED


def load_suite(path: Path) -> Suite:
    """The suite in a folder, or of a `suite.toml`.

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
        personas={name: _principal(place, name, told) for name, told in head.personas.items()},
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
    """The corpus below the suite's folder, else below the nearest folder above that has it."""
    for found in _here_and_above(folder, written):
        if found.is_dir() and found != folder:
            return found.resolve()
    raise ConfigurationError(f"{place}: corpus: there is no folder {written!r} here or above")


def _here_and_above(folder: Path, written: str) -> Iterator[Path]:
    return (start / written for start in (folder, *folder.parents))


def _principal(place: Path, name: str, told: tuple[str, ...] | str) -> Principal:
    if told == _ADMINISTRATOR:
        return Principal(name, administrator=True)
    return Principal(name, _tags(place, told))


def _tags(place: Path, told: Sequence[str]) -> frozenset[str]:
    try:
        return parse_tags(told)
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
        told = _Line.model_validate(_named(head.questions, json.loads(line)))
    except (ValueError, TypeError) as error:
        why = _first(error) if isinstance(error, ValidationError) else str(error)
        raise ConfigurationError(f"{place}:{number}: {why}") from error
    unknown = [name for name in told.personas if name not in head.personas]
    if unknown:
        raise ConfigurationError(
            f"{place}:{number}: personas: suite.toml names no persona {unknown[0]!r}"
        )
    return Question(
        id=told.id,
        text=told.question,
        kind=told.kind,
        gold_documents=told.gold_documents,
        gold_passages=tuple(GoldPassage(one.document, one.text) for one in told.gold_passages),
        reference=told.reference,
        personas=told.personas or tuple(head.personas),
        must_pass=told.must_pass,
        file=str(place),
        line=number,
    )


def _named(names: _Files, told: Any) -> dict[str, Any]:
    """A line under this project's names for its fields."""
    if not isinstance(told, dict):
        raise TypeError("expected an object")
    gold = told.get(names.gold_documents, ())
    kind = told.get("kind") or (names.kind if gold else QuestionKind.UNANSWERABLE)
    question = told.get(names.question)
    return {**told, "question": question, "gold_documents": gold, "kind": kind}


def _check_ids(questions: Sequence[Question]) -> None:
    seen: dict[str, Question] = {}
    for question in questions:
        if question.id in seen:
            raise ConfigurationError(
                f"{question.file}:{question.line}: the id {question.id!r} is given on line "
                f"{seen[question.id].line} already"
            )
        seen[question.id] = question
    if not questions:
        raise ConfigurationError(
            "the suite has no questions: write some, or finish some of its drafts, if it has any"
        )
