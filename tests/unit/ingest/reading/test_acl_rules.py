"""Which ACL a document gets: the nearest that says so, and never a wider one by accident."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.reading.acl_rules import RULE_FILE, AclRules, EffectiveAcl
from rag.domain.documents import AclOrigin
from rag.errors import QuarantineError

folders = st.sampled_from(["", "a", "a/b", "a/b/c", "d"])
tag_sets = st.frozensets(st.sampled_from(["team:a", "team:b", "public"]), max_size=2)


def write_rule(root: Path, folder: str, text: str) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / RULE_FILE).write_text(text, encoding="utf-8")


@settings(max_examples=60)
@given(
    rules=st.dictionaries(folders, tag_sets, max_size=4),
    folder=folders,
    own=st.none() | tag_sets,
    source=st.none() | tag_sets,
)
def test_own_then_nearest_rule_then_source_then_nobody(
    rules: dict[str, frozenset[str]],
    folder: str,
    own: frozenset[str] | None,
    source: frozenset[str] | None,
) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for where, tags in rules.items():
            write_rule(root, where, f"acl: [{', '.join(sorted(tags))}]\n")
        path = f"{folder}/x.md" if folder else "x.md"
        found = AclRules(root, source).resolve(path, own)
    parents = ["" if str(p) == "." else str(p) for p in PurePosixPath(path).parents]
    nearest = next((rules[parent] for parent in parents if parent in rules), None)
    said = [
        EffectiveAcl(tags, origin)
        for tags, origin in (
            (own, AclOrigin.DOCUMENT),
            (nearest, AclOrigin.RULE_FILE),
            (source, AclOrigin.SOURCE),
            (frozenset[str](), AclOrigin.NOBODY),
        )
        if tags is not None
    ]
    assert found == said[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acl: {a: b}\n",
        "acl: [team a]\n",
        "other: 1\n",
        "acl: [a]\nmore: 1\n",
        "acl: [",
        "[a]",
        'acl: ["\\UFFFFFFFF"]',
    ],
)
def test_a_broken_rule_is_never_passed_over_for_a_wider_one(tmp_path: Path, text: str) -> None:
    write_rule(tmp_path, "", "acl: [public]\n")
    write_rule(tmp_path, "secret", text)
    with pytest.raises(QuarantineError, match=f"secret/{RULE_FILE}"):
        AclRules(tmp_path, None).resolve("secret/x.md", None)
    assert AclRules(tmp_path, None).resolve("open.md", None).acl == {"public"}


def test_a_document_that_says_who_may_read_it_needs_no_rule(tmp_path: Path) -> None:
    write_rule(tmp_path, "", "acl: [")
    assert AclRules(tmp_path, None).resolve("x.md", frozenset({"team:a"})).acl == {"team:a"}


def test_a_misspelt_rule_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".runbook-acl.yml").write_text("acl: [team:a]\n", encoding="utf-8")
    with pytest.raises(QuarantineError, match="rename"):
        AclRules(tmp_path, frozenset({"public"})).resolve("x.md", None)


@pytest.mark.parametrize("make", ["link", "pipe", "folder"])
def test_a_rule_file_that_is_no_regular_file_is_refused(tmp_path: Path, make: str) -> None:
    place = tmp_path / "a" / RULE_FILE
    place.parent.mkdir()
    if make == "link":
        outside = tmp_path / "outside.yaml"
        outside.write_text("acl: [public]\n", encoding="utf-8")
        place.symlink_to(outside)
    elif make == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    with pytest.raises(QuarantineError, match=RULE_FILE):
        AclRules(tmp_path, frozenset({"public"})).resolve("a/x.md", None)
