"""An answer in Slack: the program's words keep their form, a document's cannot take it."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.slack.mrkdwn import NOT_SHOWN, mrkdwn
from rag.answering.checking import STRUCK
from rag.answering.quoting import quotation
from rag.text.markdown import markdown_text

PARTS = [
    *("a", "1", " ", "\n", "\n\n", "[1]", "_(read-only)_", "*(x)*", "**What is missing**", "> "),
    *("### Check first\n", "- ", "1. ", "`rm -rf /`", "```\n", "<!here>", "<@U1>", "&", "~x~"),
    *("_", "*", "`", "~", "\\", "[a](http://e)", "max_connections", "| a | b |\n|---|---|\n"),
]


def quoted(document: str, marker: int) -> str:
    """A document's blocks as an answer quotes them."""
    content = markdown_text(document)
    return "\n\n".join(quotation(content, index, marker) for index in content.top())


def test_the_programs_words_keep_their_form() -> None:
    text = "### Mitigation\n\n> In A > B\n\nScale it. [1] _(changes something)_"
    assert mrkdwn(text) == (
        "*Mitigation*\n\n&gt; In A &gt; B\n\nScale it. [1] _(changes something)_"
    )


@example("~~a~~")
@given(st.lists(st.sampled_from(PARTS), max_size=30).map("".join))
def test_a_documents_words_cannot_take_the_form_of_the_programs(document: str) -> None:
    shown = mrkdwn(quoted(document, 7))
    outside = re.sub(r"```.*?```|`[^`\n]*`", "", shown, flags=re.DOTALL).replace(NOT_SHOWN, "")
    assert not re.search(r"(?m)^\s*&gt;", outside), shown
    assert not re.search(r"(?<!\w)[*_~`]|[*_~`](?!\w)", outside), shown
    assert set(re.findall(r"\[\d+\]", outside)) <= {"[7]"}, shown
    assert "<" not in shown


def test_what_the_program_struck_out_is_and_what_a_document_did_is_plain() -> None:
    assert mrkdwn(f"Run ~~`rm -rf /x`~~ {STRUCK} now.") == f"Run ~`rm -rf /x`~ {STRUCK} now."
    assert mrkdwn(quoted("Run ~~this~~ now.", 7)) == "Run this now. [7]"


def test_code_is_shown_as_it_is_or_not_at_all() -> None:
    assert mrkdwn(" ```bash\n kubectl get pods_a *b* [4]\n ```") == (
        "```\nkubectl get pods_a *b* [4]\n```"
    )
    assert mrkdwn(quoted("~~~\n```\n*Check first*\n~~~", 1)) == f"{NOT_SHOWN}\n\n[1]"


@pytest.mark.parametrize("name", ["max_connections", "a*b", "x~y"])
def test_characters_within_words_are_kept(name: str) -> None:
    assert mrkdwn(f"Set {name} now.") == f"Set {name} now."
