"""What training reads, what it leaves out, and where it says that a file is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes import HashingEmbedder
from training.dataset import heading_pairs, read_dataset

LONG = "the broker refuses writes because its disk is full so free space on the volume first"


def write(folder: Path, rows: list[dict[str, object]], queries: str) -> Path:
    (folder / "sections.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "queries.tsv").write_text(queries)
    return folder


def section(name: str, source: str, text: str = LONG) -> dict[str, object]:
    return {"id": name, "source": source, "path": f"{name}.md", "context": "Title", "text": text}


def test_a_section_is_read_as_the_product_embeds_it(tmp_path: Path) -> None:
    dataset = read_dataset(write(tmp_path, [section("s1", "a", "body")], "s1\tterse\tdisk full"))
    assert dataset.sections["s1"].text == "Title\n\nbody"
    assert [(one.section, one.style, one.text) for one in dataset.queries] == [
        ("s1", "terse", "disk full")
    ]


def test_sources_are_left_out_with_the_copies_of_their_sections(tmp_path: Path) -> None:
    rows = [
        section("s1", "held"),
        section("s2", "other", LONG + " today"),
        section("s3", "other", "rotate the certificate of the gateway before it expires in May"),
    ]
    queries = "\n".join(f"{row['id']}\tterse\tq" for row in rows)
    kept = read_dataset(write(tmp_path, rows, queries)).without(frozenset({"held"}))
    assert list(kept.sections) == ["s3"]
    assert [one.section for one in kept.queries] == ["s3"]


@pytest.mark.parametrize(
    ("rows", "queries", "message"),
    [
        ([section("s1", "a")], "s1\tterse", r"queries\.tsv:1: expected section id"),
        ([section("s1", "a")], "s2\tterse\tq", r"queries\.tsv: no section s2"),
        ([{"id": "s1"}], "", r"sections\.jsonl:1: not a section"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(
    tmp_path: Path, rows: list[dict[str, object]], queries: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_dataset(write(tmp_path, rows, queries))


def test_heading_pairs_hold_no_heading_in_their_body_and_are_the_same_each_time(
    tmp_path: Path,
) -> None:
    body = f"{LONG}. " * 8
    for source in ("kept", "held"):
        folder = tmp_path / "corpus" / source
        folder.mkdir(parents=True)
        (folder / "page.md").write_text(
            f"# Broker of {source}\n\n## Free disk space\n\n{body}\n\n"
            f"## Add a broker to the cluster\n\nStart. {body}\n"
        )
    made = [
        heading_pairs(tmp_path, HashingEmbedder(), frozenset({"held"}), 10, seed=3)
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert made[0]
    assert all(pair.source == "kept" for pair in made[0])
    assert all("#" not in pair.body for pair in made[0])
    assert any("Add a broker to the cluster" in pair.heading for pair in made[0])
