"""`runbook ingest` on files on disk: what changes, and what bad input does.

Where nothing depends on the process, the commands run in this one: starting one takes seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests import processes
from tests.inprocess import paths_found, run, run_json
from tests.processes import HASHING, environment

PAGE = "---\ntitle: {title}\nacl: [{acl}]\n---\n# {title}\n\nRestart the {word} when it is stuck.\n"


def write_page(folder: Path, path: str, word: str, acl: str = "public") -> None:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(PAGE.format(title=f"About {word}", acl=acl, word=word), encoding="utf-8")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    for path, word in (("a.md", "broker"), ("sub/b.md", "proxy"), ("c.md", "cache")):
        write_page(tmp_path / "docs", path, word)
    return tmp_path


def counts(report: dict[str, object]) -> dict[str, object]:
    return {key: report[key] for key in ("added", "updated", "deleted", "unchanged") if report[key]}


def test_exactly_what_changed_on_disk_changes_in_the_index(docs: Path) -> None:
    assert counts(processes.run_json(docs, "ingest", "docs")) == {"added": 3}
    assert counts(processes.run_json(docs, "ingest", "docs")) == {"unchanged": 3}
    write_page(docs / "docs", "a.md", "gateway")
    (docs / "docs/c.md").unlink()
    (docs / "docs/sub/b.md").rename(docs / "docs/moved.md")
    report = processes.run_json(docs, "ingest", "docs")
    assert counts(report) == {"added": 1, "updated": 1, "deleted": 2}
    assert processes.paths_found(docs, "restart the cache")[0] != "c.md"
    assert set(processes.paths_found(docs, "restart it when stuck")) == {"a.md", "moved.md"}


def test_the_state_folder_is_its_owners_alone(docs: Path) -> None:
    run_json(docs, "ingest", "docs")
    assert (docs / ".runbook").stat().st_mode & 0o077 == 0


def test_no_prune_keeps_what_is_gone(docs: Path) -> None:
    run_json(docs, "ingest", "docs")
    (docs / "docs/c.md").unlink()
    assert counts(run_json(docs, "ingest", "docs", "--no-prune")) == {"unchanged": 2}
    assert "c.md" in paths_found(docs, "cache")
    assert counts(run_json(docs, "ingest", "docs")) == {"unchanged": 2, "deleted": 1}


def test_a_path_within_a_source_leaves_the_rest_alone(docs: Path) -> None:
    run_json(docs, "ingest", "docs")
    write_page(docs / "docs", "sub/b.md", "gateway")
    (docs / "docs/c.md").unlink()
    assert counts(run_json(docs, "ingest", "docs/sub")) == {"updated": 1}
    assert "c.md" in paths_found(docs, "cache")


def test_a_source_taken_from_the_configuration_is_forgotten(docs: Path) -> None:
    config = docs / "runbook.toml"
    one = '[[sources]]\nname = "one"\npath = "docs"\n'
    write_page(docs / "more", "d.md", "ledger")
    config.write_text(one + '[[sources]]\nname = "two"\npath = "more"\n', encoding="utf-8")
    assert counts(run_json(docs, "ingest")) == {"added": 4}
    config.write_text(one, encoding="utf-8")
    run_json(docs, "ingest")
    assert "d.md" not in paths_found(docs, "ledger")


def test_a_source_that_is_not_there_deletes_nothing(docs: Path) -> None:
    (docs / "runbook.toml").write_text('[[sources]]\nname = "one"\npath = "docs"\n')
    run_json(docs, "ingest")
    (docs / "docs").rename(docs / "elsewhere")
    done = run(docs, "ingest")
    assert done.returncode == 1
    assert "not a folder" in done.stderr
    assert paths_found(docs, "broker")


def test_bad_files_are_reported_and_the_rest_is_indexed(docs: Path) -> None:
    root = docs / "docs"
    (root / "empty.md").write_bytes(b"")
    (root / "binary.md").write_bytes(bytes(range(256)) * 50)
    (root / "latin.md").write_bytes("# Café\n\nnaïve".encode("latin-1"))
    (root / "crlf.md").write_bytes(b"---\r\nacl: [public]\r\n---\r\n# Windows\r\n\r\ncarriage\r\n")
    (root / "bom.md").write_bytes(b"\xef\xbb\xbf---\nacl: [public]\n---\n# Marked\n\nfeather\n")
    (root / "yaml.md").write_text("---\ntitle: [unclosed\n---\n# x\n")
    (root / "acl.md").write_text("---\ntitle: [unclosed\nacl: [public]\n---\n# x\n")
    (root / "aliases.md").write_text("---\na: &a [x]\nb: [" + "*a, " * 300_000 + "]\n---\n# x\n")
    (root / "huge.md").write_bytes(b"x" * (50 * 1024 * 1024))
    (root / "with space é.md").write_text("---\nacl: [public]\n---\n# Accent\n\nlighthouse\n")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (docs / "outside.md").write_text("# Outside\n\nunreachable\n")
    (root / "out.md").symlink_to(docs / "outside.md")
    os.mkfifo(root / "pipe.md")
    report = run_json(docs, "ingest", "docs", expect=3)
    reasons = {item["path"]: (item["line"], item["reason"]) for item in report["quarantined"]}
    assert set(reasons) == {
        "empty.md", "binary.md", "aliases.md", "acl.md", "huge.md", "out.md", "pipe.md",
    }  # fmt: skip
    assert reasons["acl.md"][0] is not None
    noted = {item["path"] for item in report["notes"]}
    assert noted >= {"latin.md", "yaml.md"}  # read, as neither can hide who may read it
    assert "max_file_mib" in reasons["huge.md"][1]
    assert report["added"] == 8
    assert paths_found(docs, "lighthouse")[0] == "with space é.md"
    assert paths_found(docs, "carriage")[0] == "crlf.md"
    assert paths_found(docs, "feather")[0] == "bom.md"
    assert run(docs, "search", "unreachable", "--mode", "lexical").returncode == 5


def with_binary_end(text: str) -> str:
    """A page whose beginning says who may read it, and which cannot be read as a whole."""
    return f"{text}{'Restart it.' * 10_000}\0"


def test_a_quarantined_page_keeps_serving_and_never_to_more_readers(docs: Path) -> None:
    write_page(docs / "docs", "s.md", "vault", acl="team:a, team:b")
    run_json(docs, "ingest", "docs")
    broken = with_binary_end("---\nacl: [team:b, public]\n---\n# About vault\n")
    (docs / "docs/s.md").write_text(broken, encoding="utf-8")
    report = run_json(docs, "ingest", "docs", expect=3)
    assert [item["path"] for item in report["quarantined"]] == ["s.md"]
    for reader in ("team:a", "team:b"):  # both the last good version and the file let them
        assert "s.md" in paths_found(docs, "restart the vault", "--as", reader)
    assert "s.md" not in paths_found(docs, "restart the vault", "--as", "team:z")
    (docs / "docs/s.md").write_text(broken.replace(", public", ""), encoding="utf-8")
    run_json(docs, "ingest", "docs", expect=3)
    assert "s.md" not in paths_found(docs, "restart the vault", "--as", "team:a")
    assert "s.md" in paths_found(docs, "restart the vault", "--as", "team:b")
    write_page(docs / "docs", "s.md", "vault", acl="team:a")
    assert run_json(docs, "ingest", "docs")["quarantined"] == []
    assert "s.md" in paths_found(docs, "restart the vault", "--as", "team:a")


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("", "acl: [team:b]\n", ["team:b"]),  # it says now what it left to its source
        ("acl: [public]\n", "", ["team:a", "team:b"]),  # it leaves to its source what it said
    ],
)
def test_quarantine_takes_what_the_new_file_takes(
    docs: Path, before: str, after: str, left: list[str]
) -> None:
    text = "---\ntitle: Vault\n{}{}---\n# Vault\n\nRestart the vault.\n"
    page = docs / "docs/s.md"
    page.write_text(text.format(before, ""))
    run_json(docs, "ingest", "docs", "--acl", "team:a", "--acl", "team:b")
    page.write_text(with_binary_end(text.format(after, "")), encoding="utf-8")
    run_json(docs, "ingest", "docs", "--acl", "team:a", "--acl", "team:b", expect=3)
    for tag in ("team:a", "team:b", "team:z"):
        found = "s.md" in paths_found(docs, "restart the vault", "--as", tag)
        assert found is (tag in left)


def test_readers_taken_in_quarantine_come_back_with_the_file_as_it_was(docs: Path) -> None:
    page = docs / "docs/s.md"
    write_page(docs / "docs", "s.md", "vault", acl="team:a, team:b")
    before, stood = page.read_bytes(), page.stat()
    run_json(docs, "ingest", "docs")
    page.write_text(with_binary_end("---\nacl: [team:b]\n---\n# About vault\n"), encoding="utf-8")
    run_json(docs, "ingest", "docs", expect=3)
    assert "s.md" not in paths_found(docs, "restart the vault", "--as", "team:a")
    page.write_bytes(before)
    os.utime(page, ns=(stood.st_atime_ns, stood.st_mtime_ns))
    run_json(docs, "ingest", "docs")
    assert "s.md" in paths_found(docs, "restart the vault", "--as", "team:a")


def test_an_acl_rule_counts_from_the_next_ingest_on(docs: Path) -> None:
    (docs / "docs/plain.md").write_text("# Plain\n\nRestart the turbine.\n", encoding="utf-8")
    done = run(docs, "ingest", "docs")
    assert "1 documents can be read by administrators alone" in done.stderr
    assert "plain.md" not in paths_found(docs, "turbine", "--as", "team:a")
    rule = docs / "docs/.runbook-acl.yaml"
    rule.write_text("acl: [team:a]\n", encoding="utf-8")
    assert counts(run_json(docs, "ingest", "docs")) == {"updated": 1, "unchanged": 3}
    assert "plain.md" in paths_found(docs, "turbine", "--as", "team:a")
    rule.write_text("acl: [team:b]\n", encoding="utf-8")
    run_json(docs, "ingest", "docs")
    assert "plain.md" not in paths_found(docs, "turbine", "--as", "team:a")


def test_the_second_of_two_ingests_refuses_and_says_who_is_at_work(docs: Path) -> None:
    os.mkfifo(docs / "gate")
    holder = (
        "import sys\nfrom pathlib import Path\nfrom rag.adapters.index_lock import IndexLock\n"
        "with IndexLock(Path('.runbook')):\n"
        "    print('held', flush=True)\n    open('gate').read()\n"
    )
    with subprocess.Popen(
        [HASHING[0], "-c", holder], cwd=docs, env=environment(), stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        second = run(docs, "ingest", "docs")
        (docs / "gate").write_text("go")
    assert second.returncode == 1
    assert str(first.pid) in second.stderr
    assert counts(run_json(docs, "ingest", "docs")) == {"added": 3}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest"], "nothing to ingest"),
        (["ingest", "nowhere"], "no such file"),
        (["ingest", "docs", "--acl", "not a tag"], "not an ACL tag"),
        (["ingest", "--acl", "team:a"], "--acl needs a path"),
        (["search"], "QUESTION or --batch"),
        (["search", ""], "QUESTION is empty"),
        (["search", " \t"], "QUESTION is empty"),
        (["ask", ""], "QUESTION is empty"),
        (["search", "x", "--kind", "recipe"], "recipe"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_usage_is_reported_with_exit_code_2(
    docs: Path, arguments: list[str], message: str
) -> None:
    config = docs / "runbook.toml"
    if arguments == ["ingest", "--acl", "team:a"]:
        config.write_text('[[sources]]\nname = "one"\npath = "docs"\n')
    done = run(docs, *arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_searching_before_anything_is_indexed_says_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, "search", "anything")
    assert done.returncode == 1
    assert "runbook ingest" in done.stderr


def test_a_new_model_asks_for_a_full_ingest_and_is_built_beside(docs: Path) -> None:
    run_json(docs, "ingest", "docs")
    (docs / "runbook.toml").write_text("[chunking]\nmax_tokens = 128\n")
    done = run(docs, "ingest", "docs")
    assert done.returncode == 1
    assert "--full" in done.stderr
    report = run_json(docs, "ingest", "docs", "--full")
    assert (report["generation"], report["added"]) == (2, 3)
    assert len(paths_found(docs, "restart it when stuck")) == 3


def test_a_full_ingest_of_a_part_never_takes_the_place_of_the_whole(docs: Path) -> None:
    write_page(docs / "docs/b", "part.md", "vault")
    run_json(docs, "ingest", "docs")
    (docs / "runbook.toml").write_text("[chunking]\nmax_tokens = 128\n")
    done = run(docs, "ingest", "docs/b", "--full")
    assert done.returncode == 2
    assert "docs" in done.stderr
    assert len(paths_found(docs, "restart it when stuck")) == 4


def test_a_full_ingest_keeps_what_is_in_quarantine_and_widens_nothing(docs: Path) -> None:
    write_page(docs / "docs", "s.md", "vault", acl="team:a, team:b")
    write_page(docs / "docs", "gone.md", "ledger")
    run_json(docs, "ingest", "docs")
    (docs / "docs/gone.md").unlink()
    broken = with_binary_end("---\nacl: [team:b, team:z]\n---\n# About vault\n")
    (docs / "docs/s.md").write_text(broken, encoding="utf-8")
    (docs / "runbook.toml").write_text("[chunking]\nmax_tokens = 128\n")
    report = run_json(docs, "ingest", "docs", "--full", expect=3)
    assert (report["generation"], report["added"]) == (2, 3)
    assert report["chunks"] == 4
    assert "s.md" in paths_found(docs, "restart the vault", "--as", "team:b")
    for other in ("team:a", "team:z"):
        assert "s.md" not in paths_found(docs, "restart the vault", "--as", other)
    assert "gone.md" not in paths_found(docs, "restart the ledger")
    [recorded] = run_json(docs, "index", "list")["promotions"]
    assert (recorded["kind"], recorded["generation"]) == ("ingest", 2)


def test_a_full_ingest_brings_back_nothing_of_a_source_that_was_removed(docs: Path) -> None:
    write_page(docs / "other", "o.md", "vault")
    sources = [f'[[sources]]\nname = "{name}"\npath = "{name}"\n' for name in ("docs", "other")]
    (docs / "runbook.toml").write_text("".join(sources))
    run_json(docs, "ingest")
    (docs / "runbook.toml").write_text(sources[0] + "[chunking]\nmax_tokens = 128\n")
    run_json(docs, "ingest", "--full")
    assert "o.md" not in paths_found(docs, "restart the vault")
    assert len(paths_found(docs, "restart it when stuck")) == 3


def test_a_batch_answers_each_question_on_a_line(docs: Path) -> None:
    run_json(docs, "ingest", "docs")
    asked = [{"id": "q1", "query": "broker"}, {"id": 2, "query": "   "}]
    (docs / "q.jsonl").write_text("\n".join(json.dumps(line) for line in asked) + "\n\n")
    done = run(docs, "search", "--batch", "q.jsonl", "-k", "1", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines] == ["q1", 2]
    assert set(lines[0]) == {"id", "hits", "no_result", "took_ms"}
    assert [hit["document"]["path"] for hit in lines[0]["hits"]] == ["a.md"]
    assert lines[1]["no_result"]
    (docs / "bad.jsonl").write_text('{"id": 1}\n')
    bad = run(docs, "search", "--batch", "bad.jsonl", "--json")
    assert bad.returncode == 2
    assert "bad.jsonl:1" in bad.stderr


def test_a_question_of_other_bytes_than_utf8_is_asked_by_its_other_words(docs: Path) -> None:
    run_json(docs, "ingest", "docs")
    typed = os.fsdecode(b"broker caf\xe9")
    assert paths_found(docs, typed)[0] == "a.md"
    assert "a.md" in run(docs, "ask", typed).stdout
    lines = b'{"id": 1, "query": "broker caf\xe9"}\n{"id": 2, "query": "broker \\ud83d"}\n'
    (docs / "q.jsonl").write_bytes(lines)
    done = run(docs, "search", "--batch", "q.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        assert json.loads(line)["hits"][0]["document"]["path"] == "a.md"


def test_a_hit_says_which_page_supersedes_its_own_to_those_who_may_read_it(docs: Path) -> None:
    new = PAGE.format(title="About broker 2", acl="team:a", word="broker")
    (docs / "docs/new.md").write_text(new.replace("---\n", "---\nsupersedes: a.md\n", 1))
    run_json(docs, "ingest", "docs")
    completed = run(docs, "search", "About broker").stdout
    assert " · superseded by new.md" in completed
    [old] = [
        hit
        for hit in run_json(docs, "search", "About broker")["hits"]
        if hit["document"]["path"] == "a.md"
    ]
    assert old["superseded_by"] == ["new.md"]
    assert "new.md" not in run(docs, "search", "About broker", "--as", "public").stdout
