"""Secrets are found by their form or by the word before them, and never repeated."""

from __future__ import annotations

import importlib
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.guardrails.redaction import REDACTED, find_secrets, redacted
from rag.guardrails.secret_forms import FORMS, MIN_LENGTH

LETTERS = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6lM9n"
# Put together here, so that no scanner of this repository takes one for real.
KNOWN = {
    "AWS access key": "AKIA" + "IOSFODNN7QWERTYU",
    "GitHub token": "ghp_" + LETTERS[:36],
    "GitLab token": "glpat-" + LETTERS[:20],
    "Slack token": "xoxb-" + "123456789012-" + LETTERS[:24],
    "Slack webhook": "https://hooks.slack.com/" + "services/T01234567/B01234567/" + LETTERS[:24],
    "Stripe key": "sk_" + "live_" + LETTERS[:24],
    "Google API key": "AIza" + LETTERS[:35],
    "Anthropic key": "sk-" + "ant-api03-" + LETTERS,
    "OpenAI key": "sk-" + "proj-" + LETTERS,
    "Vault token": "hvs." + LETTERS[:24],
    "npm token": "npm_" + LETTERS[:36],
    "JSON web token": "eyJhbGciOiJI." + "eyJzdWIiOiIx." + LETTERS[:20],
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n-----END RSA " + "PRIVATE KEY-----",
}
NAMED = {
    "password in a URL": ("postgres://app:{}@pg-1:5432/orders", "tr0ub4dor"),
    "password": ("PGPASSWORD={} psql -h pg-1", "correct-horse"),
    "password option": ("redis-cli -h r-1 --pass {}", "s3cr3tive"),
    "password of curl": ("curl -s -u admin:{} https://x.internal/", "hunter22"),
    "secret or token": ('client_secret: "{}"', LETTERS[:32]),
    "authorization header": ("curl -H 'Authorization: Bearer {}'", LETTERS[:30]),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_a_key_of_a_known_form_is_found_where_it_stands(kind: str) -> None:
    found = find_secrets(f"# Page\n\nUse this: {KNOWN[kind]} and go on.\n")
    assert [(secret.line, secret.kind) for secret in found] == [(3, kind)]


@pytest.mark.parametrize("kind", NAMED)
def test_a_secret_is_recognised_by_the_word_before_it(kind: str) -> None:
    sentence, secret = NAMED[kind]
    text = sentence.format(secret)
    assert [found.kind for found in find_secrets(text)] == [kind]
    assert redacted(text) == sentence.format(REDACTED)


@pytest.mark.parametrize(
    "text",
    [
        "export PGPASSWORD=$(vault kv get -field=password secret/pg)",
        "PGPASSWORD=<password> psql",
        "password: ask the owner of the page",
        "password = os.environ['PGPASSWORD']",
        "psql postgres://app:${PGPASSWORD}@pg-1/orders",
        "secret: checkout-api-db-credentials-2",
        "token: xxxxxxxxxxxxxxxxxxxx",
        "curl -H 'Authorization: Bearer $TOKEN' https://x",
        "curl -u admin:$PASSWORD https://x",
        "AKIAIOSFODNN7",
        "--password-file=/run/secrets/pg",
        "the token bucket is empty: wait 30 seconds",
        "https://git.example.com:8443/a@b",
    ],
)
def test_placeholders_and_prose_are_none(text: str) -> None:
    assert find_secrets(text) == []


@settings(deadline=None)
@given(st.text(max_size=300), st.sampled_from(sorted(KNOWN)), st.text(max_size=300))
def test_nothing_of_a_known_secret_is_left(before: str, kind: str, after: str) -> None:
    cleaned = redacted(f"{before}\n{KNOWN[kind]}\n{after}")
    assert KNOWN[kind] not in cleaned
    assert redacted(cleaned) == cleaned


@settings(deadline=None)
@given(st.text(alphabet="password:=\"' \n@/xAB3", max_size=2000))
def test_any_text_is_searched_and_places_are_in_order(text: str) -> None:
    found = find_secrets(text)
    assert all(first.end <= second.start for first, second in pairwise(found))
    assert all(text.count("\n", 0, secret.start) + 1 == secret.line for secret in found)


def test_a_form_that_is_looked_for_in_long_words_alone_fits_no_shorter_one() -> None:
    shortest = {form.kind: _min_width(form.pattern) for form in FORMS if form.is_one_word}
    assert len(shortest) > 50
    assert not [kind for kind, width in shortest.items() if width < MIN_LENGTH]
    with_space = [form.kind for form in FORMS if re.search(r"[^^]\\s| ", form.pattern.pattern)]
    assert with_space == [form.kind for form in FORMS if not form.is_one_word]


def _min_width(pattern: re.Pattern[str]) -> int:
    """The length of the shortest text that a pattern matches."""
    parser = importlib.import_module("re._parser")
    shortest, _ = parser.parse(pattern.pattern).getwidth()
    return int(shortest)


@pytest.mark.parametrize(
    "around", [" {} ", "\u00a0{}\u2003", "\n{}\n", '"{}"', "x=({})", "\u2028{}"]
)
def test_white_space_of_any_kind_parts_words(around: str) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    assert redacted(around.format(token)) == around.format(REDACTED)
