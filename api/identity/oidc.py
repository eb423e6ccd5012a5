"""OpenID Connect tokens, verified against the issuer's keys, and the bearer tokens among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from api.identity.jwks import JwksCache
from api.identity.port import Presented, valid_name
from api.identity.rights import GroupRights, valid_tags
from rag.domain.access import Principal
from rag.errors import AuthenticationError

_MAX_TOKEN = 16_384
_MAX_GROUPS = 10_000
_REQUIRED = ["exp", "iss", "aud", "sub"]
# One message for every failure, so that a forger learns nothing.
_REFUSED = "the token is not valid"


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Requirements of a token. `groups_claim` is the path to its groups, one name per level."""

    issuer: str
    algorithms: Sequence[str]
    leeway: float
    groups_claim: Sequence[str]


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a token is about: a name that is safe to log, and groups that are valid ACL tags."""

    name: str
    groups: frozenset[str]


class TokenVerifier:
    """Verifies the tokens of one issuer. `dropped` gets the number of invalid groups."""

    def __init__(self, rules: TokenRules, keys: JwksCache, dropped: Callable[[int], None]) -> None:
        self._rules = rules
        self._keys = keys
        self._dropped = dropped

    @property
    def issuer(self) -> str:
        return self._rules.issuer

    def claims(self, token: str, audience: str) -> Mapping[str, Any]:
        """The claims of a token for this audience. Raises AuthenticationError."""
        rules = self._rules
        if len(token) > _MAX_TOKEN:
            raise AuthenticationError(_REFUSED)
        try:
            # The key is selected only by its id. The algorithm must be one of those pinned here,
            # whatever the token's header says.
            key_id = jwt.get_unverified_header(token).get("kid")
            if not isinstance(key_id, str):
                raise AuthenticationError(_REFUSED)
            return jwt.decode(
                token,
                self._keys.key(key_id),
                algorithms=list(rules.algorithms),
                audience=audience,
                issuer=rules.issuer,
                leeway=rules.leeway,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise AuthenticationError(_REFUSED) from error

    def person(self, claims: Mapping[str, Any]) -> Person:
        """Whom verified claims are about. Raises AuthenticationError for an unsafe name."""
        groups, dropped = valid_tags(_as_list(_value_at(claims, self._rules.groups_claim)))
        self._dropped(dropped)
        return Person(f"oidc:{valid_name(claims['sub'])}", groups)


class OidcBearer:
    """Matches tokens by their three parts; API keys differ by their prefix."""

    def __init__(self, tokens: TokenVerifier, audience: str, rights: GroupRights) -> None:
        self._tokens = tokens
        self._audience = audience
        self._rights = rights

    def matches(self, presented: Presented) -> bool:
        token = presented.bearer()
        return token is not None and token.count(".") == 2

    def authenticate(self, presented: Presented) -> Principal:
        claims = self._tokens.claims(presented.bearer() or "", self._audience)
        person = self._tokens.person(claims)
        return self._rights.principal(person.name, person.groups)


def _value_at(claims: Mapping[str, Any], path: Sequence[str]) -> object:
    found: object = claims
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _as_list(groups: object) -> list[object]:
    """A list of groups, or a single one; anything else, or too many, counts as no groups."""
    if isinstance(groups, str):
        return [groups]
    return groups if isinstance(groups, list) and len(groups) <= _MAX_GROUPS else []
