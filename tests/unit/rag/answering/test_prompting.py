"""Prompts: their files, their versions, and that a changed text is a new version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.adapters.prompt_files import PromptFiles
from rag.answering.prompting import parse_prompt
from rag.errors import ConfigurationError, StoreError

# The hash of every version that was ever shipped. A prompt whose text changes gets a new version,
# a new line here, and a run of the evals: answers, logs and metrics name version and hash.
SHIPPED = {
    ("answer", 1): "c024669363baa880",
    ("answer", 2): "e18840d44629e541",
    ("incident-report", 1): "b902fff5001d013d",
    ("incident-status", 1): "2dbbc503dad1e026",
}

TEXT = """---
name: answer
version: {version}
models: [some model]
changelog:
  - "{version}: words"
---
Be brief ({version}).
--- user ---
{{context}} {{conversation}}{{question}}
"""


def write(folder: Path, version: int, text: str = TEXT) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"answer-{version}.md").write_text(text.format(version=version), encoding="utf-8")


def test_a_shipped_prompt_does_not_change_without_a_new_version(tmp_path: Path) -> None:
    shipped = PromptFiles(tmp_path).all()
    assert {(one.name, one.version): one.hash for one in shipped} == SHIPPED
    for prompt in shipped:
        assert any(line.startswith(f"{prompt.version}:") for line in prompt.changelog)


def test_the_newest_version_is_in_use_until_one_is_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    write(folder, 2)
    write(folder, 3)
    files = PromptFiles(tmp_path, folder)
    assert files.current("answer").version == 3
    assert files.use("answer", 2).id == "answer@2"
    assert PromptFiles(tmp_path, folder).current("answer").version == 2


def test_a_choice_is_rolled_back_step_by_step(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    write(folder, 2)
    files = PromptFiles(tmp_path, folder)
    files.use("answer", 1)
    files.use("answer", 2)
    assert files.back("answer").version == 1
    assert files.back("answer").version == 2  # what was in use before anything was chosen
    with pytest.raises(ConfigurationError, match="no other version"):
        files.back("answer")


def test_a_file_of_the_folder_stands_over_the_shipped_one(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    write(folder, 2)
    found = PromptFiles(tmp_path, folder).current("answer")
    assert found.system == "Be brief (2)."
    assert found.hash != SHIPPED["answer", 2]


def test_a_chosen_version_that_is_gone_gives_way_to_the_newest(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    write(folder, 3)
    PromptFiles(tmp_path, folder).use("answer", 3)
    assert PromptFiles(tmp_path).current("answer").version == 2


def test_what_is_no_prompt_is_refused_with_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    for text in (
        "no front matter",
        TEXT.replace("name: answer", "name: Answer!"),
        TEXT.replace("version: {version}", "version: new"),
        TEXT.replace("{{context}} ", ""),
        TEXT.replace("changelog:", "changelog"),
    ):
        write(folder, 2, text)
        with pytest.raises(ConfigurationError, match=r"answer-2\.md"):
            PromptFiles(tmp_path, folder).all()
    with pytest.raises(ConfigurationError, match="not a folder"):
        PromptFiles(tmp_path, tmp_path / "nowhere").all()


def test_a_version_that_stands_twice_and_an_unknown_one_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    write(folder, 2)
    (folder / "copy.md").write_text(TEXT.format(version=2), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="as well"):
        PromptFiles(tmp_path, folder).all()
    with pytest.raises(ConfigurationError, match="there is no prompt answer@9"):
        PromptFiles(tmp_path).use("answer", 9)


def test_a_broken_choice_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "prompts.json").write_text(json.dumps({"answer": ["x"]}), encoding="utf-8")
    with pytest.raises(StoreError, match="delete it"):
        PromptFiles(tmp_path).current("answer")


@given(st.text(), st.text())
def test_what_is_filled_in_is_never_read_as_a_place(context: str, question: str) -> None:
    prompt = parse_prompt(TEXT.format(version=1), "here")
    filled = prompt.filled(context=context, question=question, conversation="")
    assert filled == f"{context} {question}"


def test_line_ends_do_not_change_a_hash() -> None:
    text = TEXT.format(version=1)
    crlf = text.replace("\n", "\r\n")
    assert parse_prompt(text, "here").hash == parse_prompt(crlf, "here").hash


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("name: answer\nversion: [1\n", "here:3: the front matter of a prompt is not valid YAML"),
        ("name: answer\nname: again\n", "here:3: the front matter of a prompt: 'name' is given"),
        ("name: &a answer\nversion: 1\n", "anchors and aliases"),
        ("name: answer\nversion: one\n", "`version` must be a whole number"),
        ("name: [answer]\nversion: 1\n", "`name` must be"),
        ("name: answer\nversion: 1\nchangelog:\n  - 1: words\n", "put each in quotes"),
    ],
)
def test_a_broken_front_matter_is_refused_with_its_line(front: str, said: str) -> None:
    body = "---\nBe brief.\n--- user ---\n{context} {question}\n"
    with pytest.raises(ConfigurationError) as refused:
        parse_prompt(f"---\n{front}{body}", "here")
    assert said in str(refused.value)
