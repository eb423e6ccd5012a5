"""How many planted secrets are found, and how many harmless look-alikes are taken for secrets."""

from __future__ import annotations

import time

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

from rag.guardrails.redaction import REDACTED, redact, redacted
from tests.planted_secrets import HARMLESS, PLANTED, Planted

MIN_RECALL = 0.97
MAX_FALSE_SHARE = 0.02
# Part of a value that may not be left: fewer characters may occur by chance.
_PART = 12


def _is_left(planted: Planted, text: str) -> bool:
    return any(value[:_PART] in text or value[-_PART:] in text for value in planted.values)


def _false_share(found: int) -> float:
    return found / len(HARMLESS)


def test_the_sets_are_large_enough() -> None:
    assert len({planted.kind for planted in PLANTED}) >= 25
    assert len(HARMLESS) >= 100


def test_planted_secrets_are_taken_out_whole() -> None:
    missed = [planted for planted in PLANTED if _is_left(planted, redacted(planted.text))]
    assert len(missed) <= (1 - MIN_RECALL) * len(PLANTED), missed


def test_every_kind_is_found_somewhere() -> None:
    found = {planted.kind for planted in PLANTED if not _is_left(planted, redacted(planted.text))}
    assert found == {planted.kind for planted in PLANTED}


def test_look_alikes_stay_readable() -> None:
    changed = [text for text in HARMLESS if redacted(text) != text]
    assert _false_share(len(changed)) <= MAX_FALSE_SHARE, changed


def test_a_redacted_text_has_the_same_lines_and_no_secret() -> None:
    for planted in PLANTED:
        redaction = redact(planted.text)
        assert redaction.text.count("\n") == planted.text.count("\n")
        assert redact(redaction.text).text == redaction.text
        for secret in redaction.secrets:
            assert redaction.text.split("\n")[secret.line - 1].count(REDACTED)


def test_secrets_among_look_alikes_are_found() -> None:
    """Neither hides the other when all of them stand in one text."""
    texts = [
        text for pair in zip(PLANTED, HARMLESS, strict=False) for text in (pair[0].text, pair[1])
    ]
    together = redacted("\n\n".join(texts))
    values = [value for planted in PLANTED[: len(HARMLESS)] for value in planted.values]
    assert not [value for value in values if value[-_PART:] in together]


@pytest.mark.parametrize("text", [planted.text * 200 for planted in PLANTED[::40]])
def test_many_secrets_take_time_in_proportion(text: str) -> None:
    started = time.thread_time()
    redact(text)
    assert time.thread_time() - started < 2


def _detect_secrets(plugins: list[str]) -> tuple[float, float]:
    """The recall and the share of false alarms of detect-secrets with these plugins."""
    with transient_settings({"plugins_used": [{"name": name} for name in plugins]}):

        def values(text: str) -> list[str]:
            found = [one.secret_value for line in text.split("\n") for one in scan_line(line)]
            return [value for value in found if value]

        caught = 0
        for planted in PLANTED:
            left = planted.text
            for value in values(planted.text):
                left = left.replace(value, "")
            caught += not _is_left(planted, left)
        return caught / len(PLANTED), _false_share(sum(bool(values(text)) for text in HARMLESS))


def test_detect_secrets_would_not_do_instead() -> None:
    """With its entropy plugins it takes every hash for a secret, and without them it finds few."""
    plugins: list[type] = [*get_mapping_from_secret_type_to_class().values()]
    every = [plugin.__name__ for plugin in plugins]
    recall, false_share = _detect_secrets(every)
    assert recall < MIN_RECALL
    assert false_share > MAX_FALSE_SHARE
    recall, false_share = _detect_secrets([one for one in every if "Entropy" not in one])
    assert recall < MIN_RECALL
    assert false_share > MAX_FALSE_SHARE
