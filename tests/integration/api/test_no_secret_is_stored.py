"""After ingest, searches, answers and feedback, no file and no reply holds a planted secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings.ask import AskSettings
from api.settings.index import IngestSettings
from tests.model_server import MODEL, model_server
from tests.planted_secrets import PLANTED, Planted
from tests.serving import Served, service_over

# Public addresses and first parts that all values of a kind share are no secret.
_PART = 16
QUESTION = "log in to shop"


def _document(number: int, planted: Planted) -> str:
    head = f"---\nacl: [public]\n---\n# Log in to shop {number}\n\nLog in to shop as it says here."
    return f"{head}\n\n{planted.text}\n"


# One of each kind.
DOCUMENTS = tuple({one.kind: one for one in PLANTED}.values())


def _values() -> list[bytes]:
    """The ends of all planted values."""
    return sorted({value[-_PART:].encode() for one in DOCUMENTS for value in one.values})


def _asked(service: Served) -> list[str]:
    """Search, ask and judge, with a secret in the question and in the comment."""
    key = service.key("team:shop")
    replies: list[str] = []
    for planted in DOCUMENTS[::25]:
        question = f"{QUESTION} {planted.text}"[:900]
        found = service.post(key, "/v1/search", {"query": question, "k": 50})
        asked = service.post(key, "/v1/ask", {"query": question})
        assert found.status_code == asked.status_code == 200, (found.text, asked.text)
        comment = {"request_id": asked.json()["request_id"], "score": -1, "comment": planted.text}
        assert service.post(key, "/v1/feedback", comment).status_code == 201
        replies += [found.text, asked.text]
    return replies


@pytest.mark.parametrize("model", [None, MODEL])
def test_no_planted_secret_is_stored_shown_logged_or_sent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], model: str | None
) -> None:
    documents = {f"shop-{n}.md": _document(n, one) for n, one in enumerate(DOCUMENTS)}
    with model_server(reply="Log in to shop as it says here. [1]\n") as server:
        ask = AskSettings()
        if model:
            ask = AskSettings(provider="openai", model=model, base_url=server.base_url)
        with service_over(tmp_path, documents, ask=ask) as service:
            replies = "\n".join(_asked(service))
    printed = capfd.readouterr()
    texts = {"replies": replies, "prompts": repr(server.requests), "logs": repr(printed)}
    assert bool(server.requests) == bool(model)
    found = {name: text.encode() for name, text in texts.items()}
    found |= _state(tmp_path)
    assert {"catalog.db", "audit.jsonl"} <= found.keys()
    assert b"Log in to shop" in b"".join(found.values())
    assert not _left(found)


def test_the_search_finds_what_is_stored_without_redaction(tmp_path: Path) -> None:
    documents = {"shop.md": _document(1, DOCUMENTS[0])}
    with service_over(tmp_path, documents, ingest=IngestSettings(redact_secrets=False)):
        pass
    assert _left(_state(tmp_path))


def _state(folder: Path) -> dict[str, bytes]:
    """Every file of the state folder, by its path in it."""
    state = folder / ".runbook"
    files = [one for one in state.rglob("*") if one.is_file()]
    return {one.relative_to(state).as_posix(): one.read_bytes() for one in files}


def _left(found: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """The values that stand in a text, with its name."""
    return [(name, value) for value in _values() for name, text in found.items() if value in text]
