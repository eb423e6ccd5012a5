"""`runbook feedback`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from api.cli.terminal import echo, echo_json
from api.compose.local import open_catalog
from api.settings import load_settings
from rag.domain.feedback import Feedback, Score, draft_case
from rag.errors import ConfigurationError, NotFound


@click.group("feedback")
def command() -> None:
    """Read what users thought of answers, and learn from it."""


@command.command("list")
@click.option("--bad", is_flag=True, help="Only what did not help.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_obj
def list_feedback(config: Path | None, bad: bool, as_json: bool) -> None:
    """List feedback, newest first."""
    with open_catalog(load_settings(config)) as catalog:
        found = catalog.feedback.list(score=Score.BAD if bad else None)
    if as_json:
        echo_json([_described(one) for one in found])
        return
    for one in found:
        _print(one)
    if not found:
        echo("no feedback was given", err=True)


@command.command("to-case")
@click.argument("number", metavar="ID", type=int)
@click.option(
    "--suite",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE.jsonl",
    help="The suite to append to; made if it is not there.",
)
@click.pass_obj
def to_case(config: Path | None, number: int, suite: Path) -> None:
    """Append feedback ID to a suite as a draft of an eval case, for its owner to finish."""
    with open_catalog(load_settings(config)) as catalog:
        found = catalog.feedback.get(number)
    if found is None:
        raise NotFound(
            f"there is no feedback {number}: `runbook feedback list` shows what there is"
        )
    if found.asked.question is None:
        raise NotFound(
            f"the question of feedback {number} was not kept: feedback.keep_questions was off"
        )
    case = draft_case(found, found.asked.question)
    _append(suite, case)
    echo(
        f"{suite}: {case['id']} is a draft: set its kind and gold_documents, and take `draft` out; "
        "a suite does not load before",
        err=True,
    )


def _append(suite: Path, case: dict[str, Any]) -> None:
    try:
        known = suite.read_text(encoding="utf-8") if suite.exists() else ""
        if any(json.loads(line).get("id") == case["id"] for line in known.splitlines() if line):
            raise ConfigurationError(f"{suite} holds {case['id']} already; it was left as it is")
        separator = "" if not known or known.endswith("\n") else "\n"
        with suite.open("a", encoding="utf-8") as file:
            file.write(f"{separator}{json.dumps(case, ensure_ascii=False)}\n")
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"{suite}: not a suite of one JSON object a line") from error


def _print(one: Feedback) -> None:
    verdict = "bad " if one.verdict.score is Score.BAD else "good"
    question = one.asked.question or "(the question was not kept)"
    echo(f"{one.id}  {verdict}  {one.at:%Y-%m-%d %H:%M}  {one.asked.principal}  {question}")
    if one.verdict.comment:
        echo(f"    {one.verdict.comment}")
    for path in dict.fromkeys(shown.path for shown in one.asked.shown):
        echo(f"    shown: {path}")


def _described(one: Feedback) -> dict[str, Any]:
    asked = one.asked
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "score": int(one.verdict.score),
        "comment": one.verdict.comment,
        "chunk_id": one.verdict.chunk_id or None,
        "request_id": asked.id,
        "asked_at": asked.at.isoformat(),
        "principal": asked.principal,
        "question": asked.question,
        "prompt": asked.prompt,
        "model": asked.model,
        "shown": [
            {"chunk_id": shown.chunk_id, "document_id": shown.document_id, "path": shown.path}
            for shown in asked.shown
        ],
    }
