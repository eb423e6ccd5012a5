"""OpenID Connect bearer tokens: verified against the issuer's keys, read for a name and groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from api.identity.jwks import JwksCache
from api.identity.port import Presented, fit_name
from api.identity.rights import GroupRights, tags_among
from rag.domain.access import Principal
from rag.errors import AuthenticationError

_MAX_TOKEN = 16_384
_MAX_GROUPS = 10_000
_REQUIRED = ["exp", "iss", "aud", "sub"]
# One text for every refusal, so that a forger learns nothing of how far it came.
_REFUSED = "the token is not valid"


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say. `groups_claim` is the path to its groups, one name a step."""

    issuer: str
    audience: str
    algorithms: Sequence[str]
    leeway: float
    groups_claim: Sequence[str]


class Oidc:
    """Tokens are recognised by their three parts, API keys by their prefix: never both."""

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

    def recognises(self, presented: Presented) -> bool:
        token = presented.bearer()
        return token is not None and token.count(".") == 2

    def authenticate(self, presented: Presented) -> Principal:
        claims = self._verified(presented.bearer() or "")
        groups, dropped = tags_among(_listed(_at(claims, self._rules.groups_claim)))
        self._dropped(dropped)
        return self._rights.principal(f"oidc:{fit_name(claims['sub'])}", groups)

    def _verified(self, token: str) -> dict[str, Any]:
        rules = self._rules
        if len(token) > _MAX_TOKEN:
            raise AuthenticationError(_REFUSED)
        try:
            # The key is chosen by its id alone; the algorithm is the key's own, and must be one
            # of those pinned here whatever the token says of itself.
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


def _at(claims: dict[str, Any], path: Sequence[str]) -> object:
    found: object = claims
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _listed(groups: object) -> list[object]:
    """A list of groups, or one alone; anything else, or too many, is none at all."""
    if isinstance(groups, str):
        return [groups]
    return groups if isinstance(groups, list) and len(groups) <= _MAX_GROUPS else []
