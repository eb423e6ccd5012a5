"""OpenID Connect bearer tokens, verified against the issuer's keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    audience: str
    algorithms: Sequence[str]
    leeway: float
    groups_claim: Sequence[str]


class Oidc:
    """Matches tokens by their three parts; API keys differ by their prefix."""

    def __init__(
        self,
        rules: TokenRules,
        keys: JwksCache,
        rights: GroupRights,
        dropped: Callable[[int], None],
    ) -> None:
        self._rules = rules
        self._keys = keys
        self._rights = rights
        self._dropped = dropped

    def matches(self, presented: Presented) -> bool:
        token = presented.bearer()
        return token is not None and token.count(".") == 2

    def authenticate(self, presented: Presented) -> Principal:
        claims = self._verified(presented.bearer() or "")
        groups, dropped = valid_tags(_as_list(_value_at(claims, self._rules.groups_claim)))
        self._dropped(dropped)
        return self._rights.principal(f"oidc:{valid_name(claims['sub'])}", groups)

    def _verified(self, token: str) -> dict[str, Any]:
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
                audience=rules.audience,
                issuer=rules.issuer,
                leeway=rules.leeway,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise AuthenticationError(_REFUSED) from error


def _value_at(claims: dict[str, Any], path: Sequence[str]) -> object:
    found: object = claims
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _as_list(groups: object) -> list[object]:
    """A list of groups, or a single one; anything else, or too many, counts as no groups."""
    if isinstance(groups, str):
        return [groups]
    return groups if isinstance(groups, list) and len(groups) <= _MAX_GROUPS else []
