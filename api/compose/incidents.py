"""Composition of the incidents: their files, the template miner, and the folder of their notes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from api.settings import Settings
from rag.adapters.incident_files import IncidentFiles, NoteFolder
from rag.adapters.ruptures_breaks import find_breaks
from rag.alerts.matching import AlertMatcher
from rag.incidents.runbooks import RunbookFinder
from rag.incidents.service import IncidentService, IncidentServiceParts
from rag.incidents.templates import TemplateMiner
from rag.ports import DocumentReader
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
        )
    )


def _make_miner() -> TemplateMiner:
    from rag.adapters.drain_templates import DrainMiner  # most commands read no log

    return DrainMiner()
