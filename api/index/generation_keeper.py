"""Builds, evaluates, promotes, verifies, repairs and removes generations.

Building and promoting write vectors, so the process that owns the index does them: as jobs of a
running service, else in the command itself. A rollback changes rows of the catalog alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from api.index.indexer import Indexer
from ingest.runs.report import Progress, Silent
from ingest.runs.request import IngestRequest
from ingest.sources.source import Source
from rag.domain.generations import Generation, Promotion, Recipe
from rag.domain.jobs import JobKind
from rag.domain.search import Filters
from rag.errors import ConfigurationError, GateFailed, StoreError
from rag.indexing.ports import Catalog, ConsistencyCheck, Sample
from rag.ports import NearestVectors, VectorFilter

# Small, so that others may write soon, and that a kill takes little back.
_BATCH_DOCUMENTS = 8
_BATCH_CHUNKS = 32
_SAMPLES = 50
_SAME = 0.999  # cosine of a text's stored vector and its copy in the store
_EVERYTHING = VectorFilter(None, Filters())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says of a generation."""

    passed: bool
    detail: str


# Evaluates a generation before it replaces another; its progress callback may stop it.
Gate = Callable[[Generation, Generation, Progress], Verdict]


@dataclass(frozen=True, slots=True)
class Check:
    """What was counted in a generation, and what does not agree."""

    generation: int
    chunks: int
    vectors: int
    samples: int
    problems: Sequence[str] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "problems": list(self.problems)}


class GenerationKeeper:
    """`sources` are the configured ones; `gate` evaluates a verified one before promotion."""

    def __init__(self, indexer: Indexer, sources: Sequence[Source], gate: Gate | None) -> None:
        self._indexer = indexer
        self._sources = sources
        self._catalog = indexer.catalog
        self._gate = gate

    def build(
        self, model: str | None, chunk_tokens: int | None, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Build a generation while another serves, or resume one that is unfinished.

        Raises ConfigurationError when the serving one is built like that already.
        """
        with self._indexer.owned():
            recipe = self._recipe(model, chunk_tokens)
            wanted = self._indexer.fingerprint(recipe)
            if self._catalog.generations.serving().fingerprint == wanted:
                raise ConfigurationError(
                    "the serving generation is built with this model and these chunks already"
                )
            target = self._catalog.generations.building(wanted) or self._indexer.create(recipe)
            how = self._bring_up_to_date(
                target, _YieldingProgress(progress or Silent(), self._indexer)
            )
            self._catalog.generations.finish(target)
            return {"generation": target.id, "model": target.model, "from": how}

    def promote(
        self, number: int, *, by: str, reason: str | None, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Let a generation serve, when its gate passes or a `reason` says why it is to serve.

        It catches up first with what changed while it waited. Raises GateFailed, NotFound.
        """
        with self._indexer.owned():
            progress = progress or Silent()
            verdicts = self._gated(number, progress)
            # Others may have written while the gate was at work.
            generation, serving = self._candidate(number)
            _let_through(number, verdicts, reason)
            self._bring_up_to_date(generation, progress)
            verdicts.append(self._consistent(generation))
            _let_through(number, verdicts, reason)
            promotion = self._catalog.promotions.promote(
                generation, by=by, kind="promote", gate=_detail(verdicts), reason=reason
            )
            self._remove_old(keep={generation.id, serving.id})
            return described(promotion)

    def verify(self, number: int | None = None) -> Check:
        """Compare catalog, lexical tables and vectors: counts, ids, ACL sets, self-queries."""
        with self._indexer.owned():
            self._catalog.check_file()
            return self._check(self._chosen(number))

    def repair(self, number: int | None = None) -> Check:
        """Fix what `verify` finds from the catalog, and verify again.

        A vector store that cannot be read is deleted and rebuilt; no model is run for it.
        """
        with self._indexer.owned():
            self._catalog.check_file()
            generation = self._chosen(number)
            inside = self._catalog.consistency(generation)
            if inside.lexical_problems():
                inside.rebuild_lexical()
            inside.mend_embeddings(self._indexer.models.of(generation))
            try:
                self._repair_vectors(generation, inside)
            except StoreError:
                if not self._indexer.stores.discard(generation):
                    raise
                self._indexer.writer(self._catalog.writer(generation)).rebuild()
            return self._check(generation)

    def _repair_vectors(self, generation: Generation, inside: ConsistencyCheck) -> None:
        store = self._indexer.stores.open(generation)
        writer = self._indexer.writer(self._catalog.writer(generation))
        writer.repair()
        if store.held() != inside.expected() or self._check(generation).problems:
            writer.rebuild()

    def _candidate(self, number: int) -> tuple[Generation, Generation]:
        """A generation that is to serve, and the one that does."""
        generations = self._catalog.generations
        generation, serving = generations.get(number), generations.serving()
        if generation == serving:
            raise ConfigurationError(f"generation {number} serves already")
        return generation, serving

    def _gated(self, number: int, progress: Progress) -> list[Verdict]:
        generation, serving = self._candidate(number)
        if self._gate is None:
            return []
        return [self._gate(generation, serving, _YieldingProgress(progress, self._indexer))]

    def _chosen(self, number: int | None) -> Generation:
        generations = self._catalog.generations
        return generations.serving() if number is None else generations.get(number)

    def _recipe(self, model: str | None, chunk_tokens: int | None) -> Recipe:
        asked = self._indexer.recipe
        if model is not None:
            asked = replace(asked, model=model)
        return asked if chunk_tokens is None else replace(asked, chunk_tokens=chunk_tokens)

    def _bring_up_to_date(self, target: Generation, progress: Progress) -> str:
        """From the catalog where both are cut alike, else from the sources; says which."""
        serving = self._catalog.generations.serving()
        ours = target.recipe or self._indexer.recipe
        if ours.has_chunks_of(serving.recipe or self._indexer.recipe):
            self._copy(serving, target, progress)
            return "catalog"
        self._read_again(target, progress)
        return "sources"

    def _copy(self, serving: Generation, target: Generation, progress: Progress) -> None:
        copy = self._catalog.copy(serving, target)
        index = self._indexer.writer(self._catalog.writer(target))
        index.repair()
        difference = copy.difference()
        progress.found(len(difference.outdated))
        for start in range(0, len(difference.outdated), _BATCH_DOCUMENTS):
            pages = copy.read(difference.outdated[start : start + _BATCH_DOCUMENTS])
            index.replace(index.drafts(pages))
            progress.done(len(pages), sum(len(inside) for _, inside in pages))
        for source, paths in copy.difference().surplus.items():
            index.delete(source, paths)

    def _read_again(self, target: Generation, progress: Progress) -> None:
        configured = frozenset(source.name for source in self._sources)
        others = [
            known.root for known in self._catalog.known_sources() if known.name not in configured
        ]
        if others:
            raise ConfigurationError(
                "other chunks are cut from the sources themselves, and these are not configured: "
                f"{', '.join(sorted(others))}. Name them in runbook.toml, or give their paths to "
                "`runbook ingest --full`"
            )
        request = IngestRequest(
            self._sources,
            configured=configured,
            complete=True,
            batch_chunks=_BATCH_CHUNKS,
            progress=progress,
        )
        report = self._indexer.ingest_into(target, request)
        if report.unreachable:
            raise StoreError("; ".join(report.unreachable))

    def _remove_old(self, keep: set[int]) -> None:
        for other in self._catalog.generations.unserved():
            if other.id not in keep:
                self._indexer.drop(other)

    def _consistent(self, generation: Generation) -> Verdict:
        found = self._check(generation)
        if found.problems:
            return Verdict(False, "; ".join(found.problems))
        return Verdict(True, f"verified: {found.chunks} chunks, {found.samples} self-queries")

    def _check(self, generation: Generation) -> Check:
        inside = self._catalog.consistency(generation)
        expected, problems = inside.expected(), inside.lexical_problems()
        if lost := len(inside.without_embedding()):
            problems.append(f"the vectors of {lost} chunks are not in the catalog")
        if pages := inside.pages_without_vector():
            problems.append(f"{pages} pages have no vector")
        store = self._indexer.stores.open(generation)
        held = store.held()
        problems += _vector_problems(expected, held)
        samples = inside.samples(_SAMPLES)
        unfound = sum(not _finds_itself(store, sample) for sample in samples)
        if unfound:
            problems.append(f"{unfound} of {len(samples)} chunks do not find themselves")
        return Check(generation.id, len(expected), len(held), len(samples), tuple(problems))


class _YieldingProgress:
    """Progress of a long build that lets others write after each batch."""

    def __init__(self, progress: Progress, indexer: Indexer) -> None:
        self._progress = progress
        self._indexer = indexer

    def found(self, documents: int) -> None:
        self._progress.found(documents)

    def done(self, documents: int, chunks: int) -> None:
        self._progress.done(documents, chunks)
        self._indexer.yield_lock()


def perform(
    keeper: GenerationKeeper,
    kind: JobKind,
    scope: Mapping[str, Any],
    by: str,
    progress: Progress,
) -> Mapping[str, Any]:
    """What a job about generations does, in whichever process owns the index."""
    if kind is JobKind.BUILD:
        return keeper.build(scope["model"], scope["chunk_tokens"], progress)
    if kind is JobKind.PROMOTE:
        return keeper.promote(scope["generation"], by=by, reason=scope["reason"], progress=progress)
    if kind is JobKind.REPAIR:
        return keeper.repair(scope["generation"]).to_json()
    return keeper.verify(scope["generation"]).to_json()


def roll_back(catalog: Catalog, by: str) -> Promotion:
    """Let the generation before serve again, and queue the jobs that bring it up to date."""
    before = catalog.generations.get(catalog.promotions.before())
    promotion = catalog.promotions.promote(before, by=by, kind="rollback", gate="none")
    catalog.jobs.enqueue(JobKind.REPAIR, {"generation": promotion.generation}, by)
    catalog.jobs.enqueue(JobKind.REINDEX, {"source": None, "paths": []}, by)
    return promotion


def _let_through(number: int, verdicts: Sequence[Verdict], reason: str | None) -> None:
    if reason is None and not all(verdict.passed for verdict in verdicts):
        raise GateFailed(
            f"generation {number} was not promoted: {_detail(verdicts)}. Mend it, or promote "
            "it all the same with --force and a --reason, which is recorded"
        )


def _detail(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(verdict.detail for verdict in verdicts)


def described(promotion: Promotion) -> dict[str, Any]:
    """A promotion in JSON."""
    return {**asdict(promotion), "at": promotion.at.isoformat()}


def _finds_itself(store: NearestVectors, sample: Sample) -> bool:
    """Whether the store's nearest to a chunk's own vector is that chunk, or an equal one."""
    found = store.nearest(sample.vector, 1, _EVERYTHING)
    return bool(found) and found[0][1] > _SAME


def _vector_problems(expected: Mapping[int, bytes], held: Mapping[int, bytes]) -> list[str]:
    problems: list[str] = []
    lacking, surplus = expected.keys() - held.keys(), held.keys() - expected.keys()
    if lacking or surplus:
        problems.append(f"the vectors lack {len(lacking)} chunks and have {len(surplus)} too many")
    if others := sum(held[key] != expected[key] for key in expected.keys() & held.keys()):
        problems.append(f"{others} vectors are described differently than in the catalog")
    return problems
