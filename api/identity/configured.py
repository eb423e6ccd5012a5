"""The ways to authenticate that the settings switch on."""

from __future__ import annotations

from api.identity.anonymous import Anonymous
from api.identity.api_keys import ApiKeys, KeyVerifier
from api.identity.authenticator import OneWay
from api.identity.groups_file import GroupsFile
from api.identity.port import Authenticator, Way
from api.identity.rights import GroupRights
from api.identity.trusted_proxy import TrustedProxy
from api.records.metrics import Metrics
from api.settings import Settings
from api.settings.access import OidcSettings


def authenticator(settings: Settings, keys: KeyVerifier, metrics: Metrics) -> Authenticator:
    """Every way that is on; what contradicts itself was refused when the settings were read."""
    chosen = settings.identity
    rights = GroupRights({group: frozenset[str](given) for group, given in chosen.rights.items()})
    ways: list[Way] = []
    if chosen.api_keys:
        ways.append(ApiKeys(keys))
    if chosen.oidc is not None:
        ways.append(_oidc(chosen.oidc, rights, metrics))
    if chosen.proxy is not None:
        proxy = chosen.proxy
        ways.append(
            TrustedProxy(
                proxy.addresses,
                proxy.user_header,
                proxy.groups_header,
                rights,
                metrics.groups_dropped,
            )
        )
    anonymous = chosen.anonymous
    nobody = Anonymous(anonymous.groups) if anonymous and anonymous.enabled else None
    return OneWay(ways, nobody, GroupsFile(settings, metrics.groups_unread))


def _oidc(chosen: OidcSettings, rights: GroupRights, metrics: Metrics) -> Way:
    from api.identity.jwks import JwksCache, fetching
    from api.identity.oidc import Oidc, TokenRules

    return Oidc(
        TokenRules(
            issuer=chosen.issuer,
            audience=chosen.audience,
            algorithms=chosen.algorithms,
            leeway=chosen.leeway_seconds,
            groups_claim=chosen.groups_path,
        ),
        JwksCache(
            fetching(chosen.jwks_url, chosen.timeout_seconds),
            lifetime=chosen.jwks_seconds,
            grace=chosen.grace_seconds,
            pause=chosen.pause_seconds,
        ),
        rights,
        metrics.groups_dropped,
    )
