"""What is wrong with an installation, and what to do about it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from api.compose.embedding import make_embedder
from api.compose.local import index_lock, open_catalog
from api.compose.search_path import today
from api.settings import Settings
from rag.errors import IndexBusy, RunbookError

_LOW_DISK_MIB = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it passed, and what was seen or what to do."""

    check: str
    ok: bool
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """Every check in turn; one that fails does not stop the rest."""
    checks: dict[str, Callable[[Settings], str]] = {
        "sources": _sources,
        "state folder": _state_folder,
        "embedding model": _model,
        "index": _index,
        "last run": _last_run,
        "quarantine": _quarantine,
        "owner": _owner,
    }
    return [_run(name, check, settings) for name, check in checks.items()]


def _run(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, check(settings))
    except (RunbookError, OSError) as error:
        return Finding(name, False, str(error))


def _sources(settings: Settings) -> str:
    for source in settings.sources:
        if source.path is not None and not settings.source_root(source).is_dir():
            raise RunbookError(
                f"{source.name}: {settings.source_root(source)} is no folder; mend its `path`"
            )
    return f"{len(settings.sources)} configured" if settings.sources else "none configured"


def _state_folder(settings: Settings) -> str:
    folder = settings.state_folder
    there = folder if folder.exists() else folder.parent
    if not os.access(there, os.W_OK):
        raise RunbookError(f"{folder} cannot be written: mend its owner or set `state`")
    free = shutil.disk_usage(there).free // (1024 * 1024)
    if free < _LOW_DISK_MIB:
        raise RunbookError(f"{folder}: {free} MiB are free; make room before the next ingest")
    return f"{folder}, {free} MiB free"


def _model(settings: Settings) -> str:
    embedder = make_embedder(settings)
    return f"{embedder.fingerprint}, {embedder.dimension} dimensions"


def _index(settings: Settings) -> str:
    with open_catalog(settings) as catalog:
        generation = catalog.generations.serving()
        summary = catalog.reader.summary(today(), settings.search.review_every)
        chosen = catalog.promotions.chosen(generation)
    model = make_embedder(settings).fingerprint
    if generation.model != model and not chosen:
        raise RunbookError(
            f"built with {generation.model}, and {model} is configured: run `runbook ingest --full`"
        )
    return (
        f"{summary.documents} documents, {summary.chunks} chunks, last run {summary.last_success}"
    )


def _last_run(settings: Settings) -> str:
    with open_catalog(settings) as catalog:
        summary = catalog.reader.summary(today(), settings.search.review_every)
    failure = summary.last_failure
    if failure is not None:
        raise RunbookError(f"failed: {failure}")
    return "did not fail"


def _quarantine(settings: Settings) -> str:
    with open_catalog(settings) as catalog:
        held = catalog.reader.quarantined()
    if held:
        first = held[0]
        line = f":{first.line}" if first.line else ""
        raise RunbookError(f"{len(held)} files, first {first.path}{line}: {first.reason}")
    return "empty"


def _owner(settings: Settings) -> str:
    try:
        index_lock(settings).acquire().release()
    except IndexBusy as busy:
        return str(busy)
    return "no process owns the index"
