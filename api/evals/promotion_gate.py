"""The gate of a promotion: a suite, asked of an index that is built as the generation is.

The suite's own corpus is indexed, in a folder of its own, so that the verdict is that of
`runbook eval run --gate` with the generation's model and chunks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from api.index.generation_keeper import Verdict
from api.index.indexer import Models
from api.settings import ChunkingSettings, Settings
from ingest.runs.report import Progress
from rag.domain.generations import Generation, Recipe

if TYPE_CHECKING:
    from evals.gate.gate import Finding
    from evals.running.runs import Run
    from evals.suite.suite import Suite

# Findings of these rules are told by their questions alone: their messages name pages and quote
# questions, and what is told here is logged.
_OF_QUESTIONS = {
    "access": "pages were shown to who may not read them",
    "must-pass": "questions that must pass fail",
    "gold": "pages that answer are not indexed",
}


class SuiteGate:
    """Judges a generation by the suite at `suite`, as it stands when it is asked.

    `default` is the recipe of generations that were built before recipes were kept.
    """

    def __init__(self, settings: Settings, suite: Path, models: Models, default: Recipe) -> None:
        self._settings = settings
        self._suite = suite
        self._models = models
        self._default = default

    def __call__(self, candidate: Generation, serving: Generation, progress: Progress) -> Verdict:
        """Held against the suite's baseline, without one against the serving generation.

        Raises ConfigurationError where the suite cannot be read or the `evals` extra is missing.
        """
        from evals.gate.gate import judge
        from evals.running.runs import read_run, write_run
        from evals.suite.suite import load_suite

        suite = load_suite(self._settings.directory / self._suite)
        if suite.baseline.exists():
            before = read_run(suite.baseline)
        else:
            before = self._run(suite, serving, progress)
        run = self._run(suite, candidate, progress)
        kept = self._settings.evals_folder / "promotions" / f"{candidate.id}.json"
        write_run(run, kept)
        found = judge(run, before, suite.rules)
        told = f"suite {suite.name}, {len(run.cases)} questions"
        if found.passed:
            return Verdict(True, f"passed: {told}")
        why = "; ".join(_in_words(found.blocking))
        return Verdict(False, f"{told}: {why} (the run is kept in {kept})")

    def _run(self, suite: Suite, generation: Generation, progress: Progress) -> Run:
        from api.evals.evaluation import evaluate

        settings = with_recipe(self._settings, generation.recipe or self._default)

        def told(done: int, questions: int) -> None:  # noqa: ARG001 - the runner's signature
            progress.done(0, 0)

        embedder = self._models.of(generation)
        return evaluate(settings, suite, progress=progress, embedder=embedder, told=told)


def with_recipe(settings: Settings, recipe: Recipe) -> Settings:
    """The settings that build as a recipe says."""
    model = {"model": recipe.model, "max_tokens": recipe.model_tokens}
    return settings.model_copy(
        update={
            "embedding": settings.embedding.model_copy(update=model),
            "chunking": ChunkingSettings(
                max_tokens=recipe.chunk_tokens, min_tokens=recipe.least_tokens
            ),
        }
    )


def _in_words(findings: Iterable[Finding]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for finding in findings:
        if finding.rule in _OF_QUESTIONS:
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
        else:
            yield finding.message
    for rule, count in counts.items():
        yield f"{rule}: {count} {_OF_QUESTIONS[rule]}"
