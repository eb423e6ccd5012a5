"""The form that asks for a key, at its own address and in place of a page that needs one."""

from __future__ import annotations

from fastapi import Request, Response

from api.web.site import Site

_FALLBACK = "/"
_MAX_ADDRESS = 4096


def sign_in_page(request: Request, site: Site, status: int, message: str = "") -> Response:
    """The form; after signing in the browser goes to the page that was asked for."""
    request.state.principal = None
    sign_in = site.services.sign_in
    response = site.page(
        request,
        "sign_in.html",
        status,
        message=message,
        address=_wanted(request),
        issuer=sign_in.issuer_host if sign_in else "",
        takes_credentials=sign_in is None or site.services.settings.identity.api_keys,
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if request.headers.get("hx-request") == "true":
        # A part of a page is asked for: the whole browser window must show the form.
        response.headers["HX-Redirect"] = "/sign-in"
    return response


def local_address(raw: str) -> str:
    """The address if it is a path on this site, else `/`: never another site's."""
    path_only = raw.startswith("/") and not raw.startswith(("//", "/\\"))
    if not path_only or len(raw) > _MAX_ADDRESS or not raw.isprintable() or "\\" in raw:
        return _FALLBACK
    return raw


def _wanted(request: Request) -> str:
    if request.method != "GET" or request.url.path.startswith("/sign-in"):
        return local_address(request.query_params.get("next", _FALLBACK))
    query = f"?{request.url.query}" if request.url.query else ""
    return local_address(request.url.path + query)
