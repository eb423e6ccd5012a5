"""API keys: made once, shown once, checked against the catalog at every call.

A key is `rbk_<id>_<secret>`: the id finds its row, the secret proves it. Only the sha256 of the
secret is kept. A slow, salted hash protects secrets that people choose, which can be guessed; 256
random bits cannot be, so a fast hash gives nothing away and keeps every request cheap.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from datetime import UTC, datetime

import sqlalchemy as sa

from rag.access.acl import parse_tags
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.rows import strings, to_json
from rag.adapters.catalog.schema import api_keys
from rag.domain.access import CreatedKey, KeyInfo, Principal, Right
from rag.errors import AuthenticationError, ConfigurationError, InvalidTag

_KEY = re.compile(r"rbk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_ID_BYTES = 6
_SECRET_BYTES = 32
_MAX_NAME = 100
# One text for every refusal, so that a caller learns nothing of which keys there are.
_REFUSED = "the API key is not valid; ask an administrator for a new one"


class KeyStore:
    """The keys in the catalog. Nothing is cached: a revocation counts from its commit on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        name: str,
        groups: frozenset[str],
        rights: frozenset[str] = frozenset({Right.SEARCH}),
        expires_at: datetime | None = None,
    ) -> CreatedKey:
        """A new key that carries `groups` and `rights`, valid before `expires_at` (aware).

        Raises InvalidTag for a group that is no ACL tag, ConfigurationError for the rest.
        """
        now = datetime.now(UTC)
        _check(name, groups, rights, expires_at, now)
        key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        row = {
            "id": key_id,
            "name": name,
            "secret_hash": _sha256(secret),
            "groups": to_json(sorted(parse_tags(groups))),
            "rights": to_json(sorted(rights)),
            "created_at": now.isoformat(),
            "expires_at": expires_at.astimezone(UTC).isoformat() if expires_at else None,
        }
        with self._database.write() as connection:
            connection.execute(api_keys.insert().values(row))
        return CreatedKey(key_id, f"rbk_{key_id}_{secret}")

    def list(self) -> tuple[KeyInfo, ...]:
        """Every key ever made, oldest first, without its hash."""
        query = sa.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        with self._database.read() as connection:
            return tuple(_info(row) for row in connection.execute(query).mappings())

    def revoke(self, key_id: str) -> bool:
        """Refuse this key from now on; False when there is no such key."""
        revoked = sa.func.coalesce(api_keys.c.revoked_at, datetime.now(UTC).isoformat())
        change = api_keys.update().where(api_keys.c.id == key_id).values(revoked_at=revoked)
        with self._database.write() as connection:
            return connection.execute(change).rowcount == 1

    def authenticate(self, key: str, now: datetime) -> Principal:
        """The principal of `key` at `now` (aware).

        Raises AuthenticationError with one text, whatever is wrong with the key.
        """
        parsed = _KEY.fullmatch(key)
        if parsed is None:
            raise AuthenticationError(_REFUSED)
        key_id, secret = parsed.groups()
        row = self._row(key_id)
        if row is None or not hmac.compare_digest(row["secret_hash"], _sha256(secret)):
            raise AuthenticationError(_REFUSED)
        try:
            return _principal(_info(row), now)
        except (ValueError, InvalidTag) as error:  # a damaged row opens nothing
            raise AuthenticationError(_REFUSED) from error

    def _row(self, key_id: str) -> sa.RowMapping | None:
        query = sa.select(api_keys).where(api_keys.c.id == key_id)
        with self._database.read() as connection:
            return connection.execute(query).mappings().first()


def _check(
    name: str,
    groups: frozenset[str],
    rights: frozenset[str],
    expires_at: datetime | None,
    now: datetime,
) -> None:
    if not name.strip() or not name.isprintable() or len(name) > _MAX_NAME:
        raise ConfigurationError(
            f"a key needs a name of 1 to {_MAX_NAME} printable characters, to know it by in lists"
        )
    _check_rights(rights)
    if not groups and Right.SEARCH in rights and Right.ADMIN not in rights:
        raise ConfigurationError(
            "a key without groups could read nothing: give it a group, like --group team:payments"
        )
    if expires_at is not None:
        _check_expiry(expires_at, now)


def _check_rights(rights: frozenset[str]) -> None:
    known = ", ".join(Right)
    if not rights:
        raise ConfigurationError(f"a key needs at least one right of {known}")
    if unknown := sorted(rights - frozenset(Right)):
        raise ConfigurationError(f"{unknown[0]!r} is not a right: use {known}")


def _check_expiry(expires_at: datetime, now: datetime) -> None:
    if expires_at.tzinfo is None:
        raise ConfigurationError("the time of expiry has no time zone: write it in UTC, with Z")
    if expires_at <= now:
        raise ConfigurationError(f"the time of expiry, {expires_at.isoformat()}, is already past")


def _principal(info: KeyInfo, now: datetime) -> Principal:
    if info.revoked_at is not None or (info.expires_at is not None and info.expires_at <= now):
        raise AuthenticationError(_REFUSED)
    return Principal(
        name=f"key:{info.id}",
        groups=info.groups,
        administrator=Right.ADMIN in info.rights,
        rights=info.rights,
    )


def _info(row: sa.RowMapping) -> KeyInfo:
    return KeyInfo(
        id=row["id"],
        name=row["name"],
        groups=parse_tags(json.loads(row["groups"])),
        rights=frozenset(strings(row["rights"])),
        created_at=datetime.fromisoformat(row["created_at"]),
        expires_at=_time(row["expires_at"]),
        revoked_at=_time(row["revoked_at"]),
    )


def _time(raw: str | None) -> datetime | None:
    return None if raw is None else datetime.fromisoformat(raw)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
