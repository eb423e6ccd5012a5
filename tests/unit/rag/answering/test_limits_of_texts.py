"""What a caller or a model writes takes a bounded time, and longer texts are split or refused."""

from __future__ import annotations

import click
import pytest

from api.cli.question import read_question
from api.http.chat_models import ChatRequest
from api.http.chat_routes import _refusal
from api.http.chat_wire import MODEL
from rag.answering.conversation import standalone
from rag.answering.streamed_units import StreamedUnits
from rag.domain.answers import Turn
from rag.faithfulness.support import SupportChecker
from rag.text.identifiers import identifiers_in, names_in
from rag.text.limits import (
    MAX_ANSWER_LINE_CHARS,
    MAX_QUESTION_CHARS,
    MAX_STATEMENT_CHARS,
    MAX_TURN_CHARS,
)
from rag.text.markdown import markdown_text
from rag.text.wording import plain
from tests.fakes import HashingEmbedder
from tests.growth import superlinear


@pytest.mark.parametrize("unit", ["A", "AB", "A. ", "[a](", " ", "a-", "`", "(", "1.", "eyJ-"])
@pytest.mark.parametrize("function", [identifiers_in, names_in, plain])
def test_words_of_a_text_are_found_in_linear_time(function: object, unit: str) -> None:
    assert callable(function)
    assert superlinear(function, lambda length: unit * (length // len(unit))) is None


def test_a_long_earlier_turn_costs_a_follow_up_nothing() -> None:
    def resolve(text: str) -> str:
        return standalone("and it?", [Turn("user", text)])

    assert superlinear(resolve, lambda length: "A" * length, 150_000) is None
    assert len(resolve("A" * 150_000)) < 1_000


def chat(*turns: str) -> ChatRequest:
    messages = [{"role": "user", "content": turn} for turn in (*turns, "and it?")]
    return ChatRequest.model_validate({"model": MODEL, "messages": messages})


def test_a_conversation_that_is_too_long_is_refused_with_a_reason() -> None:
    for turns in (["A" * (MAX_TURN_CHARS + 1)], ["A" * MAX_TURN_CHARS] * 11):
        refused = _refusal(chat(*turns), 2000)
        assert refused is not None
        assert "characters" in refused[2]
    assert _refusal(chat("A" * MAX_TURN_CHARS), 2000) is None


def test_a_question_that_is_too_long_is_wrong_usage() -> None:
    command = click.Command("ask")
    with pytest.raises(click.UsageError, match="characters"):
        read_question(click.Context(command), click.Argument(["q"]), "A" * (MAX_QUESTION_CHARS + 1))


@pytest.mark.parametrize("line", ["word " * 5_000, "A" * 20_000])
def test_a_long_line_of_a_model_is_read_as_several(line: str) -> None:
    units = StreamedUnits()
    lines = [*units.feed(line), *units.rest()]
    assert max(map(len, lines)) <= MAX_ANSWER_LINE_CHARS
    assert "".join(lines).replace(" ", "") == line.replace(" ", "")


def test_a_sentence_that_is_too_long_to_check_is_not_supported() -> None:
    support = SupportChecker(HashingEmbedder()).check(
        "a " * MAX_STATEMENT_CHARS, [markdown_text("a a a")]
    )
    assert not support.supported
    assert "too long" in support.reasons[0]
