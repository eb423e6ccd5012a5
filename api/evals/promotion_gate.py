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

# The result is logged, so findings of these rules are only counted: their messages name documents
# and quote questions.
_OF_QUESTIONS = {
    "access": "documents were shown to callers who may not read them",
    "must-pass": "questions that must pass fail",
    "gold": "gold documents are not in the index",
}


class SuiteGate:
    """Runs the suite at the path `suite` against a generation, with its current content.

    `default` is the recipe of generations built before recipes were stored.
    """

    def __init__(self, settings: Settings, suite: Path, models: Models, default: Recipe) -> None:
        self._settings = settings
        self._suite = suite
        self._models = models
        self._default = default

    def __call__(self, candidate: Generation, serving: Generation, progress: Progress) -> Verdict:
        """Compare with the suite's baseline, or without one with the serving generation.

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
        summary = f"suite {suite.name}, {len(run.cases)} questions"
        if found.passed:
            return Verdict(True, f"passed: {summary}")
        why = "; ".join(_reasons(found.blocking))
        return Verdict(False, f"{summary}: {why} (the run is kept in {kept})")

    def _run(self, suite: Suite, generation: Generation, progress: Progress) -> Run:
        from api.evals.evaluation import evaluate

        settings = with_recipe(self._settings, generation.recipe or self._default)

        def report(done: int, questions: int) -> None:  # noqa: ARG001 - the runner's signature
            progress.done(0, 0)

        embedder = self._models.of(generation)
        return evaluate(settings, suite, progress=progress, embedder=embedder, on_progress=report)


def with_recipe(settings: Settings, recipe: Recipe) -> Settings:
    """The settings with the model and chunking of a recipe."""
    model = {"model": recipe.model, "max_tokens": recipe.model_tokens}
    return settings.model_copy(
        update={
            "embedding": settings.embedding.model_copy(update=model),
            "chunking": ChunkingSettings(
                max_tokens=recipe.chunk_tokens, min_tokens=recipe.least_tokens
            ),
        }
    )


def _reasons(findings: Iterable[Finding]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for finding in findings:
        if finding.rule in _OF_QUESTIONS:
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
        else:
            yield finding.message
    for rule, count in counts.items():
        yield f"{rule}: {count} {_OF_QUESTIONS[rule]}"
