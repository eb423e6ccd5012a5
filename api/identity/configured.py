"""Builds the authenticator from the settings."""

from __future__ import annotations

from api.identity.anonymous import Anonymous
from api.identity.api_keys import ApiKeys, KeyVerifier
from api.identity.authenticator import CombinedAuthenticator
from api.identity.groups_file import GroupsFile
from api.identity.port import AuthenticationMethod, Authenticator
from api.identity.rights import GroupRights
from api.identity.trusted_proxy import TrustedProxy
from api.records.metrics import Metrics
from api.settings import Settings
from api.settings.access import OidcSettings


def authenticator(settings: Settings, keys: KeyVerifier, metrics: Metrics) -> Authenticator:
    """All enabled methods. The settings have already rejected conflicting ones."""
    chosen = settings.identity
    rights = GroupRights({group: frozenset[str](given) for group, given in chosen.rights.items()})
    methods: list[AuthenticationMethod] = []
    if chosen.api_keys:
        methods.append(ApiKeys(keys))
    if chosen.oidc is not None:
        methods.append(_oidc(chosen.oidc, rights, metrics))
    if chosen.proxy is not None:
        proxy = chosen.proxy
        methods.append(
            TrustedProxy(
                proxy.addresses,
                proxy.user_header,
                proxy.groups_header,
                rights,
                metrics.groups_dropped,
            )
        )
    anonymous = chosen.anonymous
    fallback = Anonymous(anonymous.groups) if anonymous and anonymous.enabled else None
    return CombinedAuthenticator(methods, fallback, GroupsFile(settings, metrics.groups_unread))


def _oidc(chosen: OidcSettings, rights: GroupRights, metrics: Metrics) -> AuthenticationMethod:
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
