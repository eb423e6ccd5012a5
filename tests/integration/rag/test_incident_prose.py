"""What a model writes of an incident: from the facts alone, and checked as an answer is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.compose.answer_path import make_generator
from api.settings.ask import AskSettings
from bench.incident_data import generate, log_names
from rag.adapters.drain_templates import DrainMiner
from rag.adapters.prompt_files import PromptFiles
from rag.answering.checking import STRUCK, UNSUPPORTED
from rag.command_risk.classify import shipped_classifier
from rag.domain.answers import Unsupported
from rag.incidents.analysis import analyse
from rag.incidents.drafting import draft_report, draft_status
from rag.incidents.facts import Facts, InputKind
from rag.incidents.incident import Incident
from rag.incidents.instants import Clock
from rag.incidents.prose import ModelProse, ProseParts
from rag.incidents.reading import ReadingTools, read_input
from rag.incidents.runbooks import Guidance
from rag.incidents.service import IncidentView
from tests.answers import AnswersSeen, WideEmbedder
from tests.model_server import MODEL, Behaviour, ModelServer, model_server

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
SECRET = "AKIA" + "Z7Q2MX4TLW5RKD3P"


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> IncidentView:
    folder = tmp_path_factory.mktemp("incident")
    generate(folder, 0, 3_000)
    facts = Facts()
    tools = ReadingTools(Clock(NOW), DrainMiner)
    inputs = [(name, InputKind.LOGS) for name in log_names()]
    inputs += [(f"{kind}.json", kind) for kind in (InputKind.ALERTS, InputKind.DEPLOYS)]
    for name, kind in inputs:
        with (folder / name).open("rb") as data:
            facts = facts.joined(read_input(name, kind, data, tools))
    incident = Incident("20260314-x", f"login {SECRET}", NOW, "me", frozenset({"a"}), frozenset())
    return IncidentView(incident, facts, analyse(facts), Guidance())


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as made:
        yield made


@pytest.fixture
def prose(server: ModelServer, tmp_path: Path) -> ModelProse:
    chosen = AskSettings(provider="openai", model=MODEL, base_url=server.base_url, retries=0)
    embedder = WideEmbedder()
    generator = make_generator(chosen, embedder)
    assert generator is not None
    classifier, prompts = shipped_classifier(), PromptFiles(tmp_path)
    parts = ProseParts(generator, prompts, embedder, AnswersSeen(), classifier, Unsupported.MARK)
    return ModelProse(parts)


def first_fact(view: IncidentView) -> str:
    onset = view.analysis.onset
    assert onset is not None
    first = onset.first
    return f"The first symptom was seen at {first.at:%Y-%m-%d %H:%M:%S}Z in {first.service}"


def status_fact(view: IncidentView) -> str:
    onset = view.analysis.onset
    assert onset is not None
    services = list(onset.services)
    verb = "is" if len(services) == 1 else "are"
    since = f"{onset.first.at:%H:%M} UTC"
    return f"Since {since} {' and '.join(services)} {verb} not working as expected."


def test_a_supported_summary_stands_in_the_report_with_its_sources(
    view: IncidentView, server: ModelServer, prose: ModelProse
) -> None:
    server.reply = f"{first_fact(view)}. [1]\n"
    summary = prose.summary(view)
    assert summary is not None
    assert (summary.model, summary.prompt, summary.notices) == (MODEL, "incident-report@1", ())
    report = draft_report(view, summary)
    onset = view.analysis.onset
    assert onset is not None
    assert f"{first_fact(view)}. [1]" in report.replace("[1].", ". [1]")
    assert f"`{onset.first.source}:{onset.first.line}`" in report
    assert f"Written by {MODEL} with the prompt `incident-report@1`" in report
    assert "## Contributing factors (hypotheses)" in report


def test_what_no_fact_supports_is_marked_and_a_command_is_struck(
    view: IncidentView, server: ModelServer, prose: ModelProse
) -> None:
    server.reply = (
        f"{first_fact(view)}. [1]\n\nA meteorite hit the harbour of Rotterdam. [1]\n\n"
        "Run `kubectl delete namespace checkout` now. [1]\n"
    )
    summary = prose.summary(view)
    assert summary is not None
    assert f"Rotterdam. [1] {UNSUPPORTED}" in summary.text
    assert STRUCK in summary.text
    assert len(summary.notices) == 2


def test_the_prompt_holds_quoted_facts_and_no_secret(
    view: IncidentView, server: ModelServer, prose: ModelProse
) -> None:
    prose.summary(view)
    prose.status(view)
    sent = repr(server.requests)
    assert SECRET not in sent
    for request in server.requests:
        user = request["messages"][-1]["content"]
        assert "| " in user.split("Facts:")[1]
    status = server.requests[-1]["messages"][-1]["content"]
    assert ".log" not in status


def test_a_status_leaves_unsupported_sentences_and_markers_out(
    view: IncidentView, server: ModelServer, prose: ModelProse
) -> None:
    known_fact = status_fact(view)
    server.reply = f"{known_fact} [1]\n\nThe intern dropped the table. [1]\n"
    known = prose.status(view)
    assert known is not None
    text = draft_status(view, NOW, known)
    assert f"**What we know.** {known_fact}\n" in text
    assert "intern" not in text
    assert "**What happens next.**" in text


@pytest.mark.parametrize("behaviour", [Behaviour.BROKEN, Behaviour.RUBBISH, Behaviour.DIES])
def test_a_model_that_fails_leaves_the_templates(
    view: IncidentView, server: ModelServer, prose: ModelProse, behaviour: Behaviour
) -> None:
    server.behaviour = behaviour
    server.reply = f"{first_fact(view)}. [1]\n"
    assert prose.summary(view) is None
    server.behaviour = Behaviour.ANSWERS
    server.reply = "A meteorite hit the harbour of Rotterdam.\n"
    assert prose.status(view) is None
