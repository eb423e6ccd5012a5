"""`runbook ask` and `runbook prompt` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.inprocess import run, run_json

PAGE = """\
---
title: The payment worker queue stops
last_reviewed: 2020-01-01
acl: [team:payments]
---
# The payment worker queue stops

Restart the payment worker when its queue stops.

```bash
kubectl -n payments rollout restart deploy/payment-worker
```
"""
QUESTION = "payment worker queue stops"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("asked")
    (made / "pages").mkdir()
    (made / "pages" / "queue.md").write_text(PAGE, encoding="utf-8")
    (made / "prompts").mkdir()
    (made / "runbook.toml").write_text(
        '[[sources]]\nname = "pages"\npath = "pages"\n\n[prompts]\nfolder = "prompts"\n',
        encoding="utf-8",
    )
    assert run(made, "ingest").returncode == 0
    return made


def test_an_answer_shows_its_quotes_and_where_they_stand(folder: Path) -> None:
    done = run(folder, "ask", QUESTION, "--as", "team:payments")
    assert done.returncode == 0
    assert "Restart the payment worker when its queue stops." in done.stdout
    assert "[1] _(stale: last reviewed 2020-01-01)_" in done.stdout.split("\n")[0]
    assert "kubectl -n payments rollout restart deploy/payment-worker" in done.stdout
    assert "[1] queue.md:" in done.stdout
    assert "stale, reviewed 2020-01-01" in done.stdout
    assert "note: quoted from the documents; no model was used" in done.stderr


def test_full_quotes_with_a_marker_behind_each_sentence(folder: Path) -> None:
    done = run(folder, "ask", QUESTION, "--full")
    assert "Restart the payment worker when its queue stops. [1] _(stale" in done.stdout


def test_a_follow_up_goes_on_from_the_question_before(folder: Path) -> None:
    run_json(folder, "ask", QUESTION)
    followed = run_json(folder, "ask", "--follow", "and if that fails?")
    assert [one["hit"]["document"]["path"] for one in followed["citations"]] == ["queue.md"]
    kept = folder / ".runbook" / "last_questions.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert json.loads(kept.read_text()) == [QUESTION, "and if that fails?"]
    kept.unlink()
    refused = run(folder, "ask", "--follow", "and if that fails?")
    assert refused.returncode == 2
    assert "nothing was asked here before" in refused.stderr


def test_json_is_the_body_of_the_http_route_and_another_sees_nothing(folder: Path) -> None:
    report = run_json(folder, "ask", QUESTION)
    assert not report["abstained"]
    assert report["model"] == "extractive"
    assert [one["hit"]["document"]["path"] for one in report["citations"]] == ["queue.md"]
    assert report["citations"][0]["supported"] is True
    nothing = run_json(folder, "ask", QUESTION, "--as", "team:other", expect=5)
    assert nothing["abstained"]
    assert "queue.md" not in json.dumps(nothing)


def test_a_key_in_the_file_and_a_provider_without_a_model_are_refused(
    folder: Path, tmp_path: Path
) -> None:
    config = tmp_path / "runbook.toml"
    config.write_text('[ask]\napi_key = "sk-secret"\n', encoding="utf-8")
    done = run(folder, "--config", str(config), "ask", QUESTION)
    assert done.returncode == 2
    assert "RUNBOOK_ASK__API_KEY" in done.stderr
    assert "sk-secret" not in done.stderr
    config.write_text('[ask]\nprovider = "openai"\n', encoding="utf-8")
    done = run(folder, "--config", str(config), "ask", QUESTION)
    assert done.returncode == 2
    assert "needs `model` and `base_url`" in done.stderr


def test_a_prompt_is_chosen_compared_and_rolled_back(folder: Path) -> None:
    shown = run(folder, "prompt", "show", "answer@1").stdout
    front = '---\nname: answer\nversion: 7\nchangelog:\n  - "7: ours"\n---\n'
    (folder / "prompts" / "ours.md").write_text(front + shown.replace("Rules:", "Our rules:"))
    assert run_json(folder, "ask", QUESTION)["prompt"] == "answer@7"
    assert run(folder, "prompt", "use", "answer@1").returncode == 0
    assert run_json(folder, "ask", QUESTION)["prompt"] == "answer@1"
    assert "+Our rules:" in run(folder, "prompt", "diff", "answer@1", "answer@7").stdout
    assert run(folder, "prompt", "use", "answer", "--previous").returncode == 0
    listed = run_json(folder, "prompt", "list")["prompts"]
    assert [(one["version"], one["in_use"]) for one in listed if one["name"] == "answer"] == [
        (1, False),
        (2, False),
        (7, True),
    ]
    assert run(folder, "prompt", "use", "answer").returncode == 2
    assert run(folder, "prompt", "show", "answer@99").returncode == 2
