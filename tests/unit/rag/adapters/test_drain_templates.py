"""Which messages are of one template."""

from __future__ import annotations

from collections.abc import Iterable
from unittest.mock import patch

import pytest

import rag.adapters.drain_templates
from rag.adapters.drain_templates import DrainMiner
from rag.incidents.templates import OTHER, masked


def templates_of(messages: Iterable[str]) -> set[str]:
    miner = DrainMiner()
    numbers = {miner.add(masked(message)) for message in messages}
    return {" ".join(miner.tokens(number)) for number in numbers}


def test_two_words_at_one_place_are_two_statements() -> None:
    messages = [
        f"a{n} became {role} at term {n}" for n in range(9) for role in ("leader", "learner")
    ]
    assert templates_of(messages) == {
        "<*> became leader at term <*>",
        "<*> became learner at term <*>",
    }


def test_two_reasons_of_a_failure_are_two_statements() -> None:
    reasons = ("insufficient funds", "card expired")
    assert len(templates_of(f"payment {n} declined: {reasons[n % 2]}" for n in range(9))) == 2


@pytest.mark.parametrize(
    "values",
    [("alice", "bob", "carol"), ("node-a", "node-b"), ("true", "false"), ("none", "12")],
)
def test_more_words_or_others_than_plain_ones_are_a_variable(values: tuple[str, ...]) -> None:
    messages = [f"reload of settings asked for by {values[n % len(values)]} now" for n in range(9)]
    assert templates_of(messages) == {"reload of settings asked for by <*> now"}


def test_messages_beyond_the_limit_are_other_ones() -> None:
    with patch.object(rag.adapters.drain_templates, "MAX_TEMPLATES", 2):
        miner = DrainMiner()
        numbers = [miner.add(message) for message in ("a b", "c d e", "f g h i", "a b")]
    assert numbers == [0, 1, OTHER, 0]
