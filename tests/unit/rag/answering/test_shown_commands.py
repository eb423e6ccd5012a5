"""Commands in an answer are rated wherever they stand, and what no table knows is said to be so."""

from __future__ import annotations

import pytest

from ingest.chunking.chunker import Chunker
from ingest.formats import load_text
from rag.answering.shown_commands import ShownCommands
from rag.command_risk.classify import shipped_classifier
from rag.domain.documents import Risk
from rag.text.blocks import BlockText
from tests.fakes import HashingEmbedder

COMMANDS = ShownCommands(shipped_classifier())


def risks(suffix: str, text: str) -> set[Risk]:
    [chunk] = Chunker(HashingEmbedder().count_tokens).chunk(
        "d", "t", load_text(suffix, text, 1).blocks
    )
    content = BlockText(chunk.text, chunk.blocks)
    return {
        risk for top in content.top() for risk in COMMANDS.risks_in(content, top, chunk.commands)
    }


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".md", "```console\nceph osd purge 3 --yes-i-really-mean-it\n```\n"),
        (".md", "```console\n$ kubectl delete pod x\n```\n"),
        (".md", "```\nsgdisk --zap-all /dev/sdb\n```\n"),
        (".md", "    rabbitmqctl reset\n"),
        (".md", "Run `ceph osd purge 3` first.\n"),
        (".md", "Use `zpool destroy tank`.\n"),
        (".md", "`lvremove vg0/data` removes it.\n"),
        (".md", "`kubectl delete -f crds.yaml`\n"),
        (".adoc", "----\nzpool destroy tank\n----\n"),
        (".adoc", "[source,terminal]\n----\n$ oc delete node x\n----\n"),
        (".rst", "Text::\n\n    nats stream purge ORDERS\n"),
    ],
)
def test_what_destroys_is_marked_in_every_kind_of_block(suffix: str, text: str) -> None:
    assert Risk.DESTRUCTIVE in risks(suffix, text)


@pytest.mark.parametrize(
    "text", ["```\nfrobnicate wipe --all\n```\n", "```\nfrobnicate wipe\n```\n"]
)
def test_a_program_that_no_table_knows_is_unknown(text: str) -> None:
    assert risks(".md", text) == {Risk.UNKNOWN}


@pytest.mark.parametrize(
    "text",
    [
        "```\nNAME   READY\npod-1  1/1\n```\n",
        '```json\n{"kill": 9}\n```\n',
        "```yaml\nname: x\nrm: y\n```\n",
        "```text\nkill the process only if nothing else has helped.\n```\n",
    ],
)
def test_output_and_data_are_no_commands(text: str) -> None:
    assert risks(".md", text) == set()
