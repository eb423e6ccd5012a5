"""The example of docs/commands.md is a valid table, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rag.command_risk.classify import CommandClassifier, make_classifier
from rag.domain.documents import Risk

PAGE = Path(__file__).parents[3] / "docs" / "commands.md"


@pytest.fixture(scope="module")
def classifier() -> CommandClassifier:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    [example] = [block for block in blocks if block.startswith("# commands.toml")]
    return make_classifier(example, "commands.toml")


@pytest.mark.parametrize(
    ("command", "risk"),
    [
        ("lbctl -n eu pool show", Risk.READ_ONLY),
        ("lbctl host drain web-1", Risk.MUTATING),
        ("lbctl host drain -f web-1", Risk.DESTRUCTIVE),
        ("lbctl status $(rm -rf x)", Risk.DESTRUCTIVE),
        ("kc delete pod web-1", Risk.DESTRUCTIVE),
        ("whereis-host web-1", Risk.READ_ONLY),
        ("rotate-certs", Risk.MUTATING),
        ("wipe-node web-1", Risk.DESTRUCTIVE),
        ("with-env prod kubectl get pods", Risk.READ_ONLY),
        ("with-env prod kubectl delete pod web-1", Risk.DESTRUCTIVE),
        ("peek --wipe-after", Risk.DESTRUCTIVE),
        ("psql -c 'select shop_report()'", Risk.READ_ONLY),
        ("psql -c 'select shop_erase()'", Risk.DESTRUCTIVE),
    ],
)
def test_the_example_classifies_as_the_page_says(
    classifier: CommandClassifier, command: str, risk: Risk
) -> None:
    assert classifier.classify(command) is risk
