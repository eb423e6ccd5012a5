"""What is wrong with an installation, and what to do about it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from api.compose.embedding import make_embedder
from api.compose.local import index_lock, open_catalog
from api.compose.search_path import today
from api.settings import Settings
from rag.errors import IndexBusy, RunbookError

_LOW_DISK_MIB = 500
# Of all files: more than that is no accident of a single file.
_MAX_QUARANTINED = 0.1


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it passed, and what was seen or what to do.

    A `warning` says that something should be done, and that what works goes on working.
    """

    check: str
    ok: bool
    detail: str
    warning: bool = False


class _Warned(Exception):
    """What a check found that does not fail it."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check in turn, as soon as it is done; one that fails does not stop the rest."""
    checks: dict[str, Callable[[Settings], str]] = {
        "sources": _sources,
        "state folder": _state_folder,
        "embedding model": _model,
        "index": _index,
        "last run": _last_run,
        "quarantine": _quarantine,
        "owner": _owner,
    }
    for name, check in checks.items():
        yield _run(name, check, settings)


def _run(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, check(settings))
    except _Warned as warned:
        return Finding(name, True, str(warned), warning=True)
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
        served = catalog.reader.summary(today(), settings.search.review_every).documents
    if not held:
        return "empty"
    first, files = held[0], "file" if len(held) == 1 else "files"
    line = f":{first.line}" if first.line else ""
    found = f"{len(held)} {files}, first {first.path}{line}: {first.reason}"
    if len(held) > _MAX_QUARANTINED * (len(held) + served):
        raise RunbookError(found)
    raise _Warned(f"{found}; the other documents are served")


def _owner(settings: Settings) -> str:
    try:
        index_lock(settings).acquire().release()
    except IndexBusy as busy:
        return str(busy)
    return "no process owns the index"
