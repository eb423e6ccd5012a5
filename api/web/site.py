"""What all pages share: sessions, templates, and files for browsers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import URL
from starlette.responses import HTMLResponse, Response

from api.compose.services import Services
from api.records.secret_file import secret_of
from api.web.assets import Assets
from api.web.facets import Facets
from api.web.sessions import Session, Sessions
from api.web.templating import Templates

_HOUR = 3600
_COOKIE = "runbook-session"
_HOST_PREFIX = "__Host-"  # a browser takes such a cookie from this host only, and over TLS only


@dataclass(frozen=True, slots=True)
class Site:
    """Kept in the application's state for the routes."""

    services: Services
    sessions: Sessions
    assets: Assets
    templates: Templates
    facets: Facets

    def session_of(self, request: Request) -> Session | None:
        """The session of the request's cookie, if it has a valid one."""
        return self.sessions.read(request.cookies.get(self.cookie_name(request.url)))

    def remember(self, request: Request, response: Response, session: Session) -> None:
        """Give the browser a session, in place of any other."""
        response.set_cookie(
            self.cookie_name(request.url),
            self.sessions.seal(session),
            max_age=self.sessions.seconds,
            path="/",
            secure=self._is_secure(request.url),
            httponly=True,
            samesite="strict",
        )

    def forget(self, request: Request, response: Response) -> None:
        """Have the browser delete its session."""
        response.delete_cookie(
            self.cookie_name(request.url),
            path="/",
            secure=self._is_secure(request.url),
            httponly=True,
            samesite="strict",
        )

    def cookie_name(self, url: URL) -> str:
        """The name of the session's cookie."""
        return _HOST_PREFIX + _COOKIE if self._is_secure(url) else _COOKIE

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
            signed_in=request.state.session.credential is not None,
            path=request.url.path,
            request_id=request.state.request_id,
            **context,
        )


def make_site(services: Services) -> Site:
    """The site over these services; the secret of its cookies is read when it is needed."""
    settings = services.settings
    return Site(
        services,
        Sessions(
            lambda: secret_of(settings.state_folder / "web.key"),
            settings.web.session_hours * _HOUR,
        ),
        Assets(),
        Templates(),
        Facets(services.reader),
    )


def site_of(request: Request) -> Site:
    """The site that answers this request."""
    site: Site = request.app.state.web
    return site
