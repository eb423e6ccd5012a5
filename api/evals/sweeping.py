"""A sweep over settings. Embeddings are shared between the cells of one model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from api.compose import embedding
from api.evals.evaluation import open_evaluation
from api.settings import Settings
from api.settings.section import Section
from evals.metrics.measures import OwnMeasures, RankingMeasures
from evals.metrics.scoring import Scorer
from evals.running.caching_embedder import CachingEmbedder
from evals.running.runner import run_suite
from evals.running.sweep import Cell, Choice
from evals.suite.suite import Suite
from ingest.runs.report import Progress
from rag.errors import ConfigurationError
from rag.ports import Embedder

# The sections that change results; no other setting can be swept.
SECTIONS = ("ask", "chunking", "embedding", "prompts", "rerank", "search")
_FOLDER_OF_PROMPTS = "prompts.folder"


def sweep(
    settings: Settings,
    suite: Suite,
    choices: Sequence[Choice],
    *,
    progress: Progress,
    on_cell: Callable[[Cell], None],
) -> list[Cell]:
    """Evaluate every cell in order and call `on_cell` after each.

    Uses only the measures that need neither Ragas nor a judge. Raises ConfigurationError for an
    unknown setting before anything runs.
    """
    chosen = [with_choice(settings, choice) for choice in choices]
    models: dict[tuple[str, int], Embedder] = {}
    cells: list[Cell] = []
    for choice, own in zip(choices, chosen, strict=True):
        key = own.embedding.model, own.embedding.max_tokens
        if key not in models:
            models[key] = CachingEmbedder(embedding.make_embedder(own))
        with open_evaluation(
            own,
            suite,
            progress=progress,
            embedder=models[key],
            # A prompt chosen by the user would override the versions in the folder.
            chosen_prompts=_FOLDER_OF_PROMPTS not in choice,
        ) as system:
            scorers: list[Scorer] = [RankingMeasures(), OwnMeasures()]
            run = run_suite(suite, system, scorers, every_persona=False)
        cells.append(Cell(choice, run))
        on_cell(cells[-1])
    return cells


def with_choice(settings: Settings, choice: Choice) -> Settings:
    """The settings with some of them replaced, by names such as `search.weights.dense`."""
    for key, value in choice.items():
        name, *path = key.split(".")
        if name not in SECTIONS or not path:
            raise ConfigurationError(
                f"{key} cannot be swept: give a setting of {', '.join(SECTIONS)}, such as "
                "chunking.max_tokens"
            )
        section: Section = getattr(settings, name)
        try:
            made = type(section).model_validate(_replaced(section.model_dump(), path, value))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise ConfigurationError(f"{key}={value}: {first['msg']}") from error
        settings = settings.model_copy(update={name: made})
    return settings


def _replaced(fields: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return {**fields, name: value}
    inside = fields.get(name)
    return {**fields, name: _replaced(inside if isinstance(inside, dict) else {}, rest, value)}
