"""Builds what establishes callers from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.identity.anonymous import Anonymous
from api.identity.api_keys import ApiKeys, KeyVerifier
from api.identity.authenticator import CombinedAuthenticator
from api.identity.groups_file import GroupsFile
from api.identity.port import AuthenticationMethod, Authenticator
from api.identity.rights import GroupRights
from api.identity.trusted_proxy import TrustedProxy
from api.records.metrics import Metrics
from api.settings import Settings
from api.settings.access import OidcSettings, OidcSignInSettings

if TYPE_CHECKING:
    from api.identity.oidc import TokenVerifier
    from api.identity.oidc_sign_in import OidcSignIn

CALLBACK_PATH = "/sign-in/oidc/callback"
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Identity:
    """The enabled methods, and signing in at an issuer, None if it is not configured."""

    authenticator: Authenticator
    sign_in: OidcSignIn | None


def make_identity(settings: Settings, keys: KeyVerifier, metrics: Metrics) -> Identity:
    """All enabled methods. The settings have already rejected conflicting ones."""
    chosen = settings.identity
    rights = GroupRights({group: frozenset[str](given) for group, given in chosen.rights.items()})
    methods: list[AuthenticationMethod] = []
    sign_in: OidcSignIn | None = None
    if chosen.api_keys:
        methods.append(ApiKeys(keys))
    if chosen.oidc is not None:
        tokens = _token_verifier(chosen.oidc, metrics)
        methods.append(_bearer(chosen.oidc, tokens, rights))
        if chosen.oidc.sign_in is not None:
            sign_in = _sign_in(settings, chosen.oidc, chosen.oidc.sign_in, tokens, rights)
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
    groups = GroupsFile(settings, metrics.groups_unread)
    return Identity(CombinedAuthenticator(methods, fallback, groups), sign_in)


def _token_verifier(chosen: OidcSettings, metrics: Metrics) -> TokenVerifier:
    from api.identity.jwks import JwksCache, fetching
    from api.identity.oidc import TokenRules, TokenVerifier

    return TokenVerifier(
        TokenRules(
            issuer=chosen.issuer,
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
        metrics.groups_dropped,
    )


def _bearer(
    chosen: OidcSettings, tokens: TokenVerifier, rights: GroupRights
) -> AuthenticationMethod:
    from api.identity.oidc import OidcBearer

    return OidcBearer(tokens, chosen.audience, rights)


def _sign_in(
    settings: Settings,
    oidc: OidcSettings,
    chosen: OidcSignInSettings,
    tokens: TokenVerifier,
    rights: GroupRights,
) -> OidcSignIn:
    from api.identity.issuer_client import IssuerClient
    from api.identity.oidc_sign_in import OidcClient, OidcSignIn

    secret = chosen.client_secret
    client = OidcClient(
        id=chosen.client_id,
        secret=secret.get_secret_value() if secret is not None else None,
        scopes=chosen.scopes,
        redirect_uri=settings.server.public_url.rstrip("/") + CALLBACK_PATH,
        session_seconds=chosen.session_minutes * _MINUTE,
    )
    return OidcSignIn(client, IssuerClient(oidc.issuer, oidc.timeout_seconds), tokens, rights)
