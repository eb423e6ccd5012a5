"""Composition of the incidents: their files, the template miner, and the folder of their notes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from api.compose.answer_path import make_prompts
from api.compose.commands import configured_classifier
from api.settings import Settings
from rag.adapters.incident_files import IncidentFiles, NoteFolder
from rag.adapters.ruptures_breaks import find_breaks
from rag.alerts.matching import AlertMatcher
from rag.incidents.prose import ModelProse, ProseParts
from rag.incidents.runbooks import RunbookFinder
from rag.incidents.service import IncidentService, IncidentServiceParts, NoProse, ProseWriter
from rag.incidents.templates import TemplateMiner
from rag.ports import AnswerObserver, DocumentReader, Embedder, Generator
from rag.retrieval.search import SearchEngine

NOTES_SOURCE = "incident-notes"


def notes_folder(settings: Settings) -> Path | None:
    """Where notes are kept, None where they are switched off."""
    chosen = settings.incidents.notes
    return settings.directory / chosen if chosen is not None else None


def make_incident_service(
    settings: Settings,
    engine: SearchEngine,
    matcher: AlertMatcher,
    documents: DocumentReader,
    now: Callable[[], datetime],
    prose: ProseWriter = NoProse(),  # noqa: B008 - it has no state
) -> IncidentService:
    """The incidents of the state folder that the settings name."""
    return IncidentService(
        IncidentServiceParts(
            store=IncidentFiles(settings.state_folder / "incidents"),
            finder=RunbookFinder(matcher, engine, documents),
            make_miner=_make_miner,
            notes=NoteFolder(notes_folder(settings)),
            now=now,
            breaks=find_breaks,
            prose=prose,
        )
    )


def make_prose(
    settings: Settings,
    embedder: Embedder,
    observer: AnswerObserver,
    generator: Generator | None,
) -> ProseWriter:
    """Text by the generator, checked as answers are; the templates' without one."""
    if generator is None:
        return NoProse()
    return ModelProse(
        ProseParts(
            generator,
            make_prompts(settings),
            embedder,
            observer,
            configured_classifier(settings),
            settings.ask.unsupported,
        )
    )


def _make_miner() -> TemplateMiner:
    from rag.adapters.drain_templates import DrainMiner  # most commands read no log

    return DrainMiner()
