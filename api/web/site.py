"""What all pages share: sessions, templates, and files for browsers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import URL
from starlette.responses import HTMLResponse, Response

from api.compose.services import Services
from api.identity.oidc_sign_in import SignInAttempt
from api.records.secret_file import secret_of
from api.web.assets import Assets
from api.web.cookie_cipher import CookieCipher
from api.web.facets import Facets
from api.web.sessions import ATTEMPT_SECONDS, Session, Sessions, SignInAttempts
from api.web.templating import Templates

_HOUR = 3600
_COOKIE = "runbook-session"
_ATTEMPT_COOKIE = "runbook-sign-in"
_HOST_PREFIX = "__Host-"  # a browser takes such a cookie from this host only, and over TLS only


@dataclass(frozen=True, slots=True)
class Site:
    """Kept in the application's state for the routes."""

    services: Services
    sessions: Sessions
    attempts: SignInAttempts
    assets: Assets
    templates: Templates
    facets: Facets

    def session_of(self, request: Request) -> Session | None:
        """The session of the request's cookie, if it has a valid one."""
        return self.sessions.read(request.cookies.get(self._cookie_name(request, _COOKIE)))

    def remember(self, request: Request, response: Response, session: Session) -> None:
        """Give the browser a session, in place of any other. Raises CookieTooLarge."""
        value = self.sessions.seal(session)
        seconds = self.sessions.seconds_left(session)
        self._set_cookie(request, response, _COOKIE, value, seconds)

    def sets_session(self, request: Request, response: Response) -> bool:
        """Whether a response gives the browser a session, or takes its session away."""
        cookie = f"{self._cookie_name(request, _COOKIE)}="
        return any(one.startswith(cookie) for one in response.headers.getlist("set-cookie"))

    def forget(self, request: Request, response: Response) -> None:
        """Have the browser delete its session."""
        self._set_cookie(request, response, _COOKIE, "", 0)

    def attempt_of(self, request: Request) -> SignInAttempt | None:
        """The sign-in at an issuer that this browser started, if it has a valid one."""
        return self.attempts.read(request.cookies.get(self._cookie_name(request, _ATTEMPT_COOKIE)))

    def start_attempt(self, request: Request, response: Response, attempt: SignInAttempt) -> None:
        """Have the browser keep a sign-in at an issuer, in place of any other."""
        value = self.attempts.seal(attempt)
        self._set_cookie(request, response, _ATTEMPT_COOKIE, value, ATTEMPT_SECONDS)

    def forget_attempt(self, request: Request, response: Response) -> None:
        """Have the browser delete its sign-in at an issuer."""
        self._set_cookie(request, response, _ATTEMPT_COOKIE, "", 0)

    def _set_cookie(
        self, request: Request, response: Response, name: str, value: str, seconds: int
    ) -> None:
        """Set a cookie that scripts cannot read; 0 seconds delete it.

        Not SameSite=Strict, by which a link from a chat or an alert would open the sign-in form,
        and an issuer's redirect would come without its attempt. Forms carry a token besides.
        """
        response.set_cookie(
            self._cookie_name(request, name),
            value,
            max_age=seconds,
            path="/",
            secure=self._is_secure(request.url),
            httponly=True,
            samesite="lax",
        )

    def _cookie_name(self, request: Request, name: str) -> str:
        return _HOST_PREFIX + name if self._is_secure(request.url) else name

    def _is_secure(self, url: URL) -> bool:
        """Whether browsers reach the service over TLS, which a proxy may end before it."""
        public = self.services.settings.server.public_url
        return url.scheme == "https" or public.startswith("https://")

    def page(
        self, request: Request, template: str, status: int = 200, **context: Any
    ) -> HTMLResponse:
        """A page from a template, which also gets what every page shows."""
        return HTMLResponse(self.part(request, template, **context), status)

    def part(self, request: Request, template: str, **context: Any) -> str:
        """The text of a template, for a part of a page."""
        principal = getattr(request.state, "principal", None)
        return self.templates.render(
            template,
            asset=self.assets.url,
            nonce=request.state.nonce,
            csrf=request.state.session.csrf,
            principal=principal,
            signed_in=request.state.session.is_signed_in,
            path=request.url.path,
            request_id=request.state.request_id,
            **context,
        )


def make_site(services: Services) -> Site:
    """The site over these services; the secret of its cookies is read when it is needed."""
    settings = services.settings
    cipher = CookieCipher(lambda: secret_of(settings.state_folder / "web.key"))
    seconds = settings.web.session_hours * _HOUR
    return Site(
        services,
        Sessions(cipher, seconds, services.make_used_ids("web session", seconds)),
        SignInAttempts(cipher, services.make_used_ids("sign-in attempt", ATTEMPT_SECONDS)),
        Assets(),
        Templates(),
        Facets(services.reader),
    )


def site_of(request: Request) -> Site:
    """The site that answers this request."""
    site: Site = request.app.state.web
    return site
