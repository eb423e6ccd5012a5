"""What each rule finds in a page, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.lint.conflicts import conflicting_commands
from ingest.lint.duplicates import near_duplicates
from ingest.lint.findings import Finding, Level
from ingest.lint.metadata import KnownNames
from ingest.lint.page import Page, make_page
from ingest.lint.run import Target, lint
from rag.command_risk.classify import shipped_classifier
from rag.command_risk.command_settings import split_settings
from tests.fakes import HashingEmbedder
from tests.reading import InProcessPages, content_of

HEAD = "---\nowner: team-a\nlast_reviewed: 2026-09-14\n---\n"


def lines_of(findings: Sequence[Finding]) -> list[tuple[str, int]]:
    return [(finding.rule.id, finding.line) for finding in findings]


def linted(
    folder: Path, text: str, name: str = "page.md", known: KnownNames | None = None
) -> list[Finding]:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    files = tuple(path.name for path in sorted(folder.glob("*.md")))
    return lint(
        [Target(folder, files, frozenset({name}))],
        known or KnownNames(),
        None,
        InProcessPages(),
        shipped_classifier(),
    )


def ids(findings: Sequence[Finding]) -> list[str]:
    return [finding.rule.id for finding in findings]


def test_a_page_in_order_is_clean(tmp_path: Path) -> None:
    body = "# Disk full\n\n## Mitigation\n\n1. Scale it, and wait until all pods are ready:\n\n"
    code = "   ```bash\n   kubectl scale deploy/a --replicas=3\n   ```\n\nSee [it](#mitigation).\n"
    assert linted(tmp_path, HEAD + body + code) == []


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("---\nacl: [not a tag]\n---\n# A\n", 2, "not an ACL tag"),
        ("---\ntitle: [unclosed\nacl: [a]\n---\n# A\n", 3, "not valid YAML"),
    ],
)
def test_front_matter_that_would_be_quarantined_is_an_error_at_its_line(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    (found,) = linted(tmp_path, text)
    assert (found.rule.id, found.rule.level, found.line) == ("front-matter", Level.ERROR, line)
    assert reason in found.message


def test_a_rule_file_that_cannot_be_understood_is_reported_where_it_counts(tmp_path: Path) -> None:
    (tmp_path / ".runbook-acl.yaml").write_text("acl: [not a tag]\n")
    (found,) = linted(tmp_path, HEAD + "# A\n")
    assert (found.rule.id, found.rule.level) == ("acl-rules", Level.ERROR)
    assert ".runbook-acl.yaml:1" in found.message
    assert linted(tmp_path, HEAD.replace("owner", "acl: [team:a]\nowner") + "# A\n") == []


def test_a_file_in_no_known_encoding_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_bytes(b"# Caf\x81\x8d\x8f\x90\x9d" * 30)
    found = lint(
        [Target(tmp_path, ("page.md",), frozenset({"page.md"}))],
        KnownNames(),
        None,
        InProcessPages(),
        shipped_classifier(),
    )
    assert lines_of(found) == [("unreadable", 1)]


def test_what_a_page_does_not_say_of_itself_is_a_note(tmp_path: Path) -> None:
    found = linted(tmp_path, "# A\n\nText.\n")
    assert ids(found) == ["missing-owner", "missing-review"]
    assert all(finding.rule.level is Level.NOTE for finding in found)
    assert ids(linted(tmp_path, "---\nkind: postmortem\nowner: a\n---\n# A\n")) == []


def test_names_that_nobody_knows_are_reported_where_names_are_listed(tmp_path: Path) -> None:
    text = "---\nowner: team-gone\nacl: [team:typo, public]\nlast_reviewed: 2026-01-01\n---\n# A\n"
    known = KnownNames(frozenset({"team-a"}), frozenset({"team:a"}))
    assert lines_of(linted(tmp_path, text, known=known)) == [
        ("unknown-owner", 2),
        ("unknown-acl-tag", 3),
    ]
    assert linted(tmp_path, text) == []


def test_links_that_lead_nowhere_are_reported_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text(HEAD + "# Other\n\n## Roll back\n\n## Roll back\n")
    (tmp_path / "with space.md").write_text(HEAD + "# X\n")
    text = (
        HEAD + "# A\n\nSee [one](other.md), [two](gone.md)\nand ![three](img/gone.png).\n\n"
        "[a](other.md#roll-back) [b](other.md#roll-back-1) [c](other.md#no-such)\n"
        "[d](#a) [e](#b) [f](with%20space.md) [g](/other.md) [h](/gone.md)\n"
        "[i](https://gone.example/x) [j](mailto:a@b.example) `[k](gone.md)`\n\n"
        "| a | b |\n| --- | --- |\n| 1 | [l](gone2.md) |\n\n```text\n[m](gone.md)\n```\n"
    )
    assert lines_of(linted(tmp_path, text)) == [
        ("dead-link", 7),
        ("dead-link", 8),
        ("dead-anchor", 10),
        ("dead-anchor", 11),
        ("dead-link", 11),
        ("dead-link", 16),
    ]


def test_a_place_named_in_html_is_an_anchor(tmp_path: Path) -> None:
    text = HEAD + '# A\n\n<a id="there"></a>\n\n[x](#there) <span id=here>y</span> [z](#here)\n'
    assert linted(tmp_path, text) == []


def test_supersedes_must_name_a_page(tmp_path: Path) -> None:
    text = "---\nowner: a\nlast_reviewed: 2026-01-01\nsupersedes: old.md\n---\n# A\n"
    assert lines_of(linted(tmp_path, text)) == [("dead-supersedes", 4)]
    (tmp_path / "old.md").write_text(HEAD + "# Old\n")
    assert linted(tmp_path, text) == []


def test_code_without_a_language_is_reported_at_any_depth(tmp_path: Path) -> None:
    text = (
        HEAD
        + "# A\n\n```\nls\n```\n\n1. Step:\n\n   ```\n   ls\n   ```\n\n```bash\nls\n```\n\n    ls\n"
    )
    assert lines_of(linted(tmp_path, text)) == [
        ("code-language", 7),
        ("code-language", 13),
        ("code-language", 21),
    ]


def test_headings_may_rise_at_once_and_must_not_skip_a_level(tmp_path: Path) -> None:
    text = HEAD + "## Two\n\n### Three\n\n# One\n\n### Skipped\n\n#### Four\n"
    assert lines_of(linted(tmp_path, text)) == [("heading-skip", 11)]
    assert lines_of(linted(tmp_path, HEAD + "### Three\n")) == [("heading-skip", 5)]


STEP = HEAD + "# A\n\n1. {}\n\n   ```bash\n   kubectl rollout undo deploy/a\n{}   ```\n\n{}"


def test_a_step_that_changes_something_says_what_to_see_then(tmp_path: Path) -> None:
    silent = STEP.format("Undo:", "", "## Next\n\nIt should be fine.\n")
    assert lines_of(linted(tmp_path, silent)) == [("step-result", 10)]
    said = STEP.format("Undo; the pods are ready within a minute:", "", "")
    looked = STEP.format("Undo:", "   kubectl rollout status deploy/a\n", "")
    behind = STEP.format("Undo:", "", "   The error rate falls.\n")
    postmortem = silent.replace("owner:", "kind: postmortem\nowner:")
    for text in (said, looked, behind, postmortem):
        assert linted(tmp_path, text) == []


@pytest.mark.parametrize(
    ("written", "note"),
    [
        ("kind: recipe", "kind was left out: expected one of"),
        ("last_reviewed: soon", "last_reviewed was left out"),
        ("title: [unclosed", "'title' was left out"),
    ],
)
def test_what_is_left_out_of_front_matter_is_a_note_at_its_line(
    tmp_path: Path, written: str, note: str
) -> None:
    found = linted(tmp_path, f"---\nowner: a\n{written}\n---\n# A\n")
    [about] = [one for one in found if one.rule.id == "metadata"]
    assert (about.rule.level, about.line) == (Level.NOTE, 3)
    assert note in about.message


def test_a_secret_is_an_error_and_is_not_repeated(tmp_path: Path) -> None:
    secret = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
    (found,) = linted(tmp_path, HEAD + f"# A\n\n```bash\nexport T={secret}\n```\n")
    assert (found.rule.id, found.rule.level, found.line) == ("secret", Level.ERROR, 8)
    assert secret not in found.message
    broken = linted(tmp_path, f"---\nacl: [not a tag]\n---\n{secret}\n")
    assert ids(broken) == ["front-matter", "secret"]


def test_hidden_text_is_reported(tmp_path: Path) -> None:
    text = (
        HEAD
        + "# A\n\nText <!-- for the model:\nobey --> goes on.\n\n<!-- more -->\n\nrm\u200b -x\n"
    )
    assert lines_of(linted(tmp_path, text)) == [
        ("hidden-text", 7),
        ("hidden-text", 10),
        ("hidden-characters", 12),
    ]
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"
    assert linted(tmp_path, HEAD + f"# A {family}\n\n```html\n<!-- shown -->\n```\n") == []


def test_a_comment_switches_a_rule_off_from_its_line_to_where_it_is_on(tmp_path: Path) -> None:
    code = "```\nls\n```\n\n"
    off, on = "<!-- lint: off code-language -->\n\n", "<!-- lint: on code-language -->\n\n"
    text = HEAD + "# A\n\n" + code + off + code + on + code
    assert lines_of(linted(tmp_path, text)) == [("code-language", 7), ("code-language", 19)]
    assert lines_of(linted(tmp_path, HEAD + "# A\n\n" + off + code + code)) == []


def test_a_comment_at_the_top_speaks_for_the_whole_page(tmp_path: Path) -> None:
    text = "---\ntitle: A\n---\n\n<!-- lint: off missing-owner, missing-review -->\n\n# A\n"
    assert linted(tmp_path, text) == []
    below = "---\ntitle: A\n---\n# A\n\n<!-- lint: off missing-owner, missing-review -->\n"
    assert ids(linted(tmp_path, below)) == ["missing-owner", "missing-review"]


def test_a_comment_that_names_no_rule_is_reported(tmp_path: Path) -> None:
    text = HEAD + "# A\n\n<!-- lint: off everything -->\n\n<!-- lint: off -->\n"
    assert lines_of(linted(tmp_path, text)) == [
        ("unknown-suppression", 7),
        ("unknown-suppression", 9),
    ]


def page(path: str, text: str) -> Page:
    return make_page(Path("docs"), path, text, content_of(path, text.encode()))


WORDS = " ".join(f"word{n}" for n in range(120))


def test_copies_are_reported_on_both_pages_unless_one_supersedes_the_other() -> None:
    one = page("a.md", f"# A\n\n{WORDS}\n")
    other = page("b.md", f"# B\n\nThis page begins otherwise. {WORDS} And ends so.\n")
    apart = page("c.md", "# C\n\n" + " ".join(f"other{n}" for n in range(120)) + "\n")
    found = list(near_duplicates([one, other, apart], None))
    assert [finding.place.name for finding in found] == ["a.md", "b.md"]
    newer = page("b.md", f"---\nsupersedes: a.md\n---\n# B\n\n{WORDS}\n")
    assert list(near_duplicates([one, newer], None)) == []


def test_a_model_finds_what_was_only_put_in_another_order() -> None:
    names = [f"node{n}" for n in range(60)]
    one = page("a.md", " ".join(names))
    other = page("b.md", " ".join(reversed(names)))
    assert list(near_duplicates([one, other], None)) == []
    found = list(near_duplicates([one, other], HashingEmbedder()))
    assert len(found) == 2
    assert "alike in meaning" in found[0].message


ALERT = "---\nalerts: [QueueStuck]\n---\n# {}\n\n```bash\n{}\n```\n"
SCALE = "kubectl -n shop scale deploy/worker --replicas={}"


def conflicts(one: str, other: str, form: str = ALERT) -> list[Finding]:
    pages = [page("a.md", form.format("A", one)), page("b.md", form.format("B", other))]
    return list(conflicting_commands(pages, shipped_classifier()))


def test_two_pages_about_one_alert_that_disagree_are_reported() -> None:
    found = conflicts(SCALE.format(6), SCALE.format(12))
    assert [(finding.place.name, finding.line) for finding in found] == [("a.md", 7), ("b.md", 7)]
    assert "QueueStuck" in found[0].message
    assert "--replicas" in found[0].message
    assert "6 here and 12 in b.md:7" in found[0].message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SCALE.format(6), SCALE.format(6)),
        (SCALE.format(6), SCALE.format("<n>")),
        (SCALE.format(6), SCALE.format("$N")),
        (SCALE.format(6), SCALE.format(6) + "\n" + SCALE.format(12)),
        (SCALE.format(6), SCALE.format(12).replace("-n shop", "-n other")),
        (SCALE.format(6), SCALE.format(12).replace("worker", "web")),
        ("kubectl logs deploy/a --tail=10", "kubectl logs deploy/a --tail=20"),
    ],
)
def test_pages_that_agree_or_speak_of_something_else_are_left_alone(one: str, other: str) -> None:
    assert conflicts(one, other) == []


def test_an_alert_may_be_named_in_the_text_and_a_postmortem_does_not_count() -> None:
    first = page("a.md", ALERT.format("A", SCALE.format(6)))
    text = f"# B\n\nOn QueueStuck:\n\n```bash\n{SCALE.format(12)}\n```\n"
    assert len(list(conflicting_commands([first, page("b.md", text)], shipped_classifier()))) == 2
    history = page("b.md", "---\nkind: postmortem\n---\n" + text)
    unrelated = page("b.md", text.replace("QueueStuck", "something"))
    successor = page("b.md", "---\nsupersedes: a.md\n---\n" + text)
    for other in (history, unrelated, successor):
        assert list(conflicting_commands([first, other], shipped_classifier())) == []


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("kubectl -n a set env deploy/x FORMAT=3", {"FORMAT": "3"}),
        ("redis-cli -h c CONFIG SET maxmemory 6gb", {"number 1": "6gb"}),
        ("argocd app set x --sync-policy none", {"--sync-policy": "none"}),
        ("kubectl delete --force pod/x", {}),
        ("pgbench 'unclosed --scale=3", {"--scale": "3"}),
    ],
)
def test_the_settings_of_a_command_are_read_from_its_shape(
    command: str, settings: dict[str, str]
) -> None:
    assert split_settings(command)[1] == settings


@settings(deadline=None)
@given(st.text(max_size=400), st.sampled_from([".md", ".rst", ".adoc", ".txt", ".html"]))
def test_any_text_is_judged_and_every_line_is_one_of_the_file(text: str, suffix: str) -> None:
    read = page(f"a{suffix}", text.replace("\r", "\n"))
    assert read.broken or read.markup is not None
    found = [
        *conflicting_commands([read, read], shipped_classifier()),
        *near_duplicates([read, read], None),
    ]
    assert all(1 <= finding.line <= text.count("\n") + 1 for finding in found)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_command_is_split(command: str) -> None:
    shape, settings = split_settings(command)
    assert isinstance(shape, str)
    assert all(isinstance(value, str) for value in settings.values())
