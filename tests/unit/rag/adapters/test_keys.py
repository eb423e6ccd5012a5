"""API keys: what is stored, what is accepted, and one refusal for everything else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.keys import KeyStore
from rag.adapters.catalog.schema import api_keys
from rag.domain.access import Right
from rag.errors import AuthenticationError, ConfigurationError, InvalidTag
from tests.catalogs import open_catalog

NOW = datetime.now(UTC)
GROUPS = frozenset({"team:payments", "role:sre"})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_catalog(tmp_path / "catalog.db")
    yield opened
    opened.close()


@pytest.fixture
def keys(database: Database) -> KeyStore:
    return KeyStore(database)


def refusal(keys: KeyStore, key: str, now: datetime = NOW) -> str:
    with pytest.raises(AuthenticationError) as refused:
        keys.authenticate(key, now)
    return str(refused.value)


def test_a_key_stands_for_its_groups_and_rights(keys: KeyStore) -> None:
    made = keys.create("grafana", GROUPS, frozenset({"search", "index"}))
    principal = keys.authenticate(made.key, NOW)
    assert principal.groups == GROUPS
    assert principal.rights == {"search", "index"}
    assert principal.name == f"key:{made.id}"
    assert not principal.administrator


def test_a_key_may_search_unless_told_otherwise(keys: KeyStore) -> None:
    assert keys.authenticate(keys.create("n", GROUPS).key, NOW).rights == {Right.SEARCH}


def test_the_admin_right_makes_an_administrator_with_or_without_groups(keys: KeyStore) -> None:
    made = keys.create("root", frozenset(), frozenset({Right.ADMIN}))
    assert keys.authenticate(made.key, NOW).administrator


def test_the_secret_is_stored_nowhere(keys: KeyStore, database: Database) -> None:
    made = keys.create("n", GROUPS)
    secret = made.key.removeprefix(f"rbk_{made.id}_")
    assert len(secret) == 43
    with database.read() as connection:
        row = connection.execute(sa.select(api_keys)).mappings().one()
    assert not [value for value in row.values() if value and secret in value]
    database.close()
    stored = b"".join(path.read_bytes() for path in database.path.parent.iterdir())
    assert made.id.encode() in stored
    assert secret.encode() not in stored


def test_a_list_shows_keys_oldest_first_and_no_hash(keys: KeyStore, database: Database) -> None:
    expiry = NOW + timedelta(days=1)
    first = keys.create("first", GROUPS, expires_at=expiry)
    second = keys.create("second", frozenset({"public"}))
    keys.revoke(second.id)
    listed = keys.list()
    assert [(info.id, info.name) for info in listed] == [(first.id, "first"), (second.id, "second")]
    assert listed[0].expires_at == expiry
    assert listed[0].revoked_at is None
    assert listed[1].revoked_at is not None
    with database.read() as connection:
        hashes = set(connection.scalars(sa.select(api_keys.c.secret_hash)))
    shown = {str(value) for info in listed for value in dataclasses.asdict(info).values()}
    assert not hashes & shown


def test_every_refusal_says_the_same(keys: KeyStore) -> None:
    expiring = keys.create("short", GROUPS, expires_at=NOW + timedelta(hours=1))
    revoked = keys.create("gone", GROUPS)
    assert keys.revoke(revoked.id)
    other = keys.create("other", GROUPS)
    swapped = f"rbk_{other.id}_{expiring.key[-43:]}"
    unknown = f"rbk_{'0' * 12}_{other.key[-43:]}"
    refusals = {
        refusal(keys, expiring.key, NOW + timedelta(hours=1)),
        *(refusal(keys, key) for key in (revoked.key, swapped, unknown, "", "rbk_", "x" * 10_000)),
        *(refusal(keys, key) for key in (other.key + "\n", other.key[:-1], other.key.upper())),
    }
    assert len(refusals) == 1
    assert keys.authenticate(expiring.key, NOW + timedelta(minutes=59)).groups == GROUPS


def test_a_revocation_counts_at_once_for_every_store_of_the_catalog(
    keys: KeyStore, database: Database
) -> None:
    made, elsewhere = keys.create("n", GROUPS), KeyStore(database)
    assert elsewhere.authenticate(made.key, NOW)
    assert keys.revoke(made.id)
    refusal(elsewhere, made.key)


def test_a_second_revocation_keeps_the_time_of_the_first(keys: KeyStore) -> None:
    made = keys.create("n", GROUPS)
    assert keys.revoke(made.id)
    first = keys.list()[0].revoked_at
    assert keys.revoke(made.id)
    assert keys.list()[0].revoked_at == first
    assert not keys.revoke("000000000000")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("groups", "not json"),
        ("groups", '["PUBLIC"]'),
        ("groups", '[{"a": 1}]'),
        ("expires_at", "tomorrow"),
    ],
)
def test_a_damaged_row_opens_nothing(
    keys: KeyStore, database: Database, column: str, value: str
) -> None:
    made = keys.create("n", GROUPS)
    with database.write() as connection:
        connection.execute(api_keys.update().values({column: value}))
    refusal(keys, made.key)


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "\x1b[31m", "n" * 101])
def test_a_name_is_fit_to_be_listed(keys: KeyStore, name: str) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        keys.create(name, GROUPS)


def test_a_key_that_could_do_nothing_is_not_made(keys: KeyStore) -> None:
    with pytest.raises(ConfigurationError, match="group"):
        keys.create("n", frozenset())
    with pytest.raises(ConfigurationError, match="at least one right"):
        keys.create("n", GROUPS, frozenset())
    with pytest.raises(ConfigurationError, match="'write' is not a right"):
        keys.create("n", GROUPS, frozenset({"search", "write"}))
    with pytest.raises(ConfigurationError, match="past"):
        keys.create("n", GROUPS, expires_at=NOW - timedelta(days=1))
    with pytest.raises(ConfigurationError, match="time zone"):
        keys.create("n", GROUPS, expires_at=datetime(2999, 1, 1))
    with pytest.raises(InvalidTag):
        keys.create("n", frozenset({"team payments"}))
    assert keys.list() == ()


def test_no_string_but_a_key_is_accepted(tmp_path_factory: pytest.TempPathFactory) -> None:
    keys = KeyStore(open_catalog(tmp_path_factory.mktemp("keys") / "catalog.db"))
    made = keys.create("n", GROUPS)

    @settings(max_examples=100, deadline=None)
    @given(st.text() | st.from_regex(r"rbk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", fullmatch=True))
    def check(text: str) -> None:
        if text != made.key:
            refusal(keys, text)

    check()
