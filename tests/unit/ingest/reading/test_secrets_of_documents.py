"""Secrets are taken out of a document before chunks are made of it."""

from __future__ import annotations

import pytest

from ingest.chunking.chunker import Chunker, ChunkSettings
from ingest.reading.parse import Reading, read_document
from rag.domain.documents import BlockKind
from rag.guardrails.redaction import REDACTED
from tests.fakes import HashingEmbedder
from tests.planted_secrets import PLANTED, Planted

# Put together here, so that no scanner of this repository takes one for real.
VALUE = "k" + "Qw5m0eVwMq7Q"
KEY = "\n".join(
    ["-----BEGIN RSA " + "PRIVATE KEY-----", "MIIEow" * 10, "-----END RSA " + "PRIVATE KEY-----"]
)
FORMATS = {
    "page.md": "# Head\n\nBefore.\n\n{}\n\nAfter.\n",
    "page.txt": "Before.\n\n{}\n",
    "page.rst": "Head\n====\n\n{}\n",
    "page.adoc": "= Head\n\n{}\n",
}


def read(path: str, text: str, *, redact: bool = True) -> Reading:
    chunker = Chunker(HashingEmbedder().count_tokens, ChunkSettings(redact_secrets=redact))
    return read_document("docs", path, text.encode(), chunker)


def _is_left(planted: Planted, reading: Reading) -> bool:
    text = repr(reading)
    return any(value[:12] in text or value[-12:] in text for value in planted.values)


@pytest.mark.parametrize("path", FORMATS)
def test_no_part_of_a_document_keeps_a_planted_secret(path: str) -> None:
    readings = [(one, read(path, FORMATS[path].replace("{}", one.text))) for one in PLANTED[::3]]
    assert not [one for one, reading in readings if _is_left(one, reading)]
    assert all(reading.secrets for _, reading in readings)


def test_lines_blocks_and_commands_stay_where_they_are() -> None:
    text = (
        f"# Rotate it\n\nThe password is `{VALUE}`.\n\n{KEY}\n\n"
        f"```bash\ncurl -u ops:{VALUE} https://shop\nkubectl get pods\n```\n"
    )
    redacted, plain = read("page.md", text), read("page.md", text, redact=False)
    assert [chunk.lines for chunk in redacted.chunks] == [chunk.lines for chunk in plain.chunks]
    commands = [command for chunk in redacted.chunks for command in chunk.commands]
    assert [(one.line, one.text) for one in commands] == [
        (10, f"curl -u ops:{REDACTED} https://shop"),
        (11, "kubectl get pods"),
    ]
    for chunk in redacted.chunks:
        for block in chunk.blocks:
            assert 0 <= block.start <= block.body_start <= block.body_end <= block.end
            assert block.end <= len(chunk.text)
            if block.kind is BlockKind.CODE:
                body = chunk.text[block.body_start : block.body_end]
                assert body.splitlines()[-1] == "kubectl get pods"
    assert [(one.line, one.kind) for one in redacted.secrets] == [
        (3, "password"),
        (5, "private key"),
        (10, "password of curl"),
    ]


def test_what_announces_a_secret_may_stand_in_another_block() -> None:
    reading = read("page.md", f"{KEY.replace('-----', '-----', 1)[:40]}\n\nMIIE")
    assert reading.chunks  # a key that is cut off ends nothing
    parts = KEY.split("\n")
    encrypted = [parts[0], "Proc-Type: 4,ENCRYPTED", "", parts[1], parts[2]]
    assert parts[1] not in repr(read("page.md", "\n".join(encrypted)))


def test_a_title_and_metadata_lose_a_value_that_the_text_shows_to_be_secret() -> None:
    head = f"---\ntitle: Use {VALUE}\nservice: [shop-{VALUE}]\nurl: https://a:{VALUE}@wiki/x\n---\n"
    reading = read("page.md", f"{head}## Log in with {VALUE}\n\nDB_PASSWORD={VALUE}\n")
    assert VALUE not in repr(reading)
    assert reading.metadata.title == f"Use {REDACTED}"
    assert reading.chunks[0].section == (f"Log in with {REDACTED}",)


def test_who_may_read_a_document_is_not_changed() -> None:
    reading = read("page.md", f"---\nacl: [team:ops]\n---\nDB_PASSWORD={VALUE}\n")
    assert reading.own_acl == frozenset({"team:ops"})


def test_without_redaction_a_document_is_stored_as_it_stands() -> None:
    reading = read("page.md", f"DB_PASSWORD={VALUE}\n", redact=False)
    assert VALUE in reading.chunks[0].text
    assert reading.secrets == ()


def test_a_secret_in_html_is_reported_on_its_line() -> None:
    page = f"<h1>Head</h1>\n<pre>\nfirst\n<b>second</b>\nexport DB_PASSWORD={VALUE}\n</pre>\n"
    assert [secret.line for secret in read("page.html", page).secrets] == [5]
