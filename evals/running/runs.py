"""A Run: the results and scores of a suite's questions, stored as a file for comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evals.running.system import FoundPassage, Response
from evals.suite.suite import QuestionKind
from rag.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Case:
    """One question as its persona asked it.

    `scores` holds the metrics that apply to it. The gate requires `passed` of must-pass questions.
    """

    id: str
    question: str
    kind: QuestionKind
    persona: str
    must_pass: bool
    passed: bool
    gold_documents: tuple[str, ...]
    passages: tuple[FoundPassage, ...]
    abstained: bool
    scores: Mapping[str, float]
    response: Response | None = None
    took_ms: float = 0.0

    def rank_of(self, document: str) -> int | None:
        """The rank of a document's best hit, from 1; None if it was not found."""
        return next(
            (rank for rank, found in enumerate(self.documents, 1) if found == document), None
        )

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents found, each once, best first."""
        return tuple(dict.fromkeys(found.document for found in self.passages))


@dataclass(frozen=True, slots=True)
class Leak:
    """Text of a document that was shown to a persona that may not read it."""

    id: str
    persona: str
    where: str
    document: str


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A score that could not be computed: a judge timed out or sent a malformed reply."""

    id: str
    metric: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """The state of a document in the run's index: content and readers."""

    content_hash: str
    acl: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a suite. `asked` counts questions times personas."""

    suite: str
    digest: str
    as_of: str
    conditions: Mapping[str, str]
    pages: Mapping[str, Page]
    asked: int
    cases: tuple[Case, ...]
    leaks: tuple[Leak, ...] = ()
    unmeasured: tuple[Unmeasured, ...] = ()
    judged: tuple[str, ...] = ()
    made_at: str = ""
    seconds: float = 0.0

    def case(self, identity: str) -> Case | None:
        """The case of a question; None when the run has none."""
        return self._by_id().get(identity)

    def _by_id(self) -> dict[str, Case]:
        return {case.id: case for case in self.cases}


@dataclass(frozen=True, slots=True)
class Scores:
    """A run's means, and the number of questions that each covers."""

    means: Mapping[str, float]
    counts: Mapping[str, int]
    by_kind: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def scores_of(run: Run) -> Scores:
    """The mean of each metric over the questions that it applies to, in order of names."""
    means, counts = _means(run.cases)
    kinds = sorted({case.kind.value for case in run.cases})
    return Scores(
        means,
        counts,
        {
            kind: _means([case for case in run.cases if case.kind.value == kind])[0]
            for kind in kinds
        },
    )


def _means(cases: Sequence[Case]) -> tuple[dict[str, float], dict[str, int]]:
    values: dict[str, list[float]] = {}
    for case in cases:
        for metric, value in case.scores.items():
            values.setdefault(metric, []).append(value)
    names = sorted(values)
    return (
        {name: sum(values[name]) / len(values[name]) for name in names},
        {name: len(values[name]) for name in names},
    )


_RUN = TypeAdapter(Run)


def write_run(run: Run, path: Path) -> None:
    """Write a run as JSON with one case per line, so that a diff shows the changed cases."""
    fields = _RUN.dump_python(run, mode="json", exclude_defaults=True)
    cases = fields.pop("cases")
    head = json.dumps(fields, ensure_ascii=False, indent=1)
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{head[:-2]},\n "cases": [\n{lines}\n ]\n}}\n', encoding="utf-8")


def read_run(path: Path) -> Run:
    """Read a run from its file. Raises ConfigurationError."""
    try:
        return _RUN.validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); "
            "`runbook eval run --save-baseline` writes one"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{path}: not a run: {where}: {first['msg']}") from error


def as_baseline(run: Run) -> Run:
    """A run without times, texts, and hits that rank below the gold documents."""
    cases = tuple(
        replace(
            case,
            took_ms=0.0,
            response=None if case.response is None else _without_text(case.response),
            passages=tuple(
                FoundPassage(found.document, found.chunk_id) for found in _hits_down_to_gold(case)
            ),
        )
        for case in run.cases
    )
    return replace(run, made_at="", seconds=0.0, cases=cases)


def _without_text(response: Response) -> Response:
    """A response without its text and with at most one citation, a supported one."""
    supported = [one for one in response.citations if one.supported][:1]
    return replace(response, text="", tokens_in=0, tokens_out=0, citations=tuple(supported))


def _hits_down_to_gold(case: Case) -> tuple[FoundPassage, ...]:
    """The hits down to the last gold document found; all hits if none was found."""
    first = {path: rank for rank, path in reversed([*enumerate(_paths(case))])}
    last = max((first[path] for path in case.gold_documents if path in first), default=None)
    return case.passages if last is None else case.passages[: last + 1]


def _paths(case: Case) -> list[str]:
    return [found.document for found in case.passages]
