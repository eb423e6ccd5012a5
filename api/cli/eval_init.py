"""`runbook eval init`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.terminal import echo, echo_json
from api.settings import Settings, SourceSettings, load_settings
from rag.domain.feedback import Score, draft_case
from rag.errors import ConfigurationError

if TYPE_CHECKING:
    from rag.alerts.claims import DocumentNames
    from rag.domain.documents import Document
    from rag.domain.feedback import Feedback
    from rag.ports import DocumentLister

QUESTIONS_FILE = "questions.jsonl"
DRAFTS_FILE = "drafts.jsonl"


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--rules",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="A Prometheus rule file, or a folder of them; may be given again.",
)
@click.option("--source", metavar="NAME", help="Whose pages. [default: the only source]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(
    config: Path | None, folder: Path, rules: tuple[Path, ...], source: str | None, as_json: bool
) -> None:
    """Start a suite of your own in FOLDER from your alerts, pages and feedback.

    Alerts whose page is named become questions. All else is a draft, which is not asked before
    somebody has finished it. Nothing that is there is written over.
    """
    from api.compose.local import open_catalog
    from api.compose.search_path import today
    from evals.suite.drafting import lines, suite_head
    from evals.suite.suite import SUITE_FILE

    settings = load_settings(config)
    chosen = _source(settings, source)
    _refuse_what_is_there(folder, (SUITE_FILE, QUESTIONS_FILE, DRAFTS_FILE))
    with open_catalog(settings) as catalog:
        catalog.generations.serving()  # raises IndexMissing
        bad = catalog.feedback.list(score=Score.BAD)
        named = catalog.claims.names()
        found = _from_documents(catalog.reader, named, chosen, rules)
        cases = [*found, *_from_feedback(bad)]
    drafts = [case for case in cases if case.get("draft")]
    questions = [case for case in cases if not case.get("draft")]
    head = suite_head(
        folder=str(folder),
        name=folder.resolve().name,
        corpus=Path(os.path.relpath(settings.source_root(chosen), folder.resolve())).as_posix(),
        acl=chosen.acl,
        today=today().isoformat(),
    )
    _write(folder, {SUITE_FILE: head, QUESTIONS_FILE: lines(questions), DRAFTS_FILE: lines(drafts)})
    summary = {"folder": str(folder), "questions": len(questions), "drafts": len(drafts)}
    if as_json:
        echo_json(summary)
    else:
        echo(
            f"{folder}: {len(questions)} questions, and {len(drafts)} drafts to finish; "
            f"{SUITE_FILE} says what to do next"
        )


def _source(settings: Settings, name: str | None) -> SourceSettings:
    known = [one for one in settings.sources if name in (None, one.name)]
    if len(known) == 1:
        return known[0]
    if not settings.sources:
        raise ConfigurationError(
            "no source is configured: run `runbook init`, and name your sources in runbook.toml"
        )
    names = ", ".join(one.name for one in settings.sources)
    raise ConfigurationError(f"a suite asks of one source: give --source, one of {names}")


def _refuse_what_is_there(folder: Path, names: Sequence[str]) -> None:
    there = [folder / name for name in names if (folder / name).exists()]
    if there:
        raise ConfigurationError(f"{there[0]} is there already; it was left as it is")


def _from_documents(
    reader: DocumentLister,
    names: Iterable[DocumentNames],
    source: SourceSettings,
    rules: Sequence[Path],
) -> Iterator[dict[str, Any]]:
    from api.compose.local import LOCAL_ADMINISTRATOR
    from evals.suite.drafting import alert_cases, page_cases
    from ingest.formats import SUFFIXES
    from ingest.reading.rule_files import alert_rules
    from rag.access.acl import access_filter
    from rag.reports.coverage import coverage

    everything = access_filter(LOCAL_ADMINISTRATOR)
    found = reader.every_document(access=everything)
    documents = [one for one in found if one.source == source.name]
    prefixes = [source.url.split("{")[0]] if source.url else []
    yield from alert_cases(coverage(alert_rules(rules), documents, names, prefixes, SUFFIXES))
    pages = (reader.document(one.id, access=everything) for one in _current(documents))
    yield from page_cases(page for page in pages if page is not None)


def _current(documents: Sequence[Document]) -> list[Document]:
    from rag.retrieval.priors import all_superseded

    superseded = all_superseded(documents)
    return [one for one in documents if (one.source, one.path) not in superseded]


def _from_feedback(bad: Sequence[Feedback]) -> Iterator[dict[str, Any]]:
    for one in bad:
        if one.asked.question is not None:
            yield draft_case(one, one.asked.question)


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise ConfigurationError(f"{folder}: cannot be written ({error.strerror})") from error
