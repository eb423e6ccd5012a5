"""A browser without JavaScript, for tests of the web pages: cookies, links and forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx
from starlette.testclient import TestClient

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Browser:
    """Keeps its cookies, as a Cookie header, apart from other browsers over the same client."""

    client: TestClient | httpx.Client
    cookie: str = ""

    def get(self, path: str, /, **params: str) -> Any:
        return self.get_with({}, path, **params)

    def get_with(self, headers: dict[str, str], path: str, /, **params: str) -> Any:
        """The same with headers beside the cookie."""
        return self._keep(
            self.client.get(
                path,
                params=params or None,
                headers=self._headers(headers),
                follow_redirects=False,
            )
        )

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Any:
        return self._keep(
            self.client.post(
                path, data=fields, headers=self._headers(headers), follow_redirects=False
            )
        )

    def submit(self, page: str, path: str, fields: dict[str, str]) -> Any:
        """Open a page, and post a form with the token that stands on it."""
        return self.post(path, {**fields, "csrf": csrf_of(self.get(page))})

    def sign_in(self, key: str, address: str = "/") -> Any:
        return self.submit("/sign-in", "/sign-in", {"key": key, "next": address})

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {**({"Cookie": self.cookie} if self.cookie else {}), **more}

    def _keep(self, response: Any) -> Any:
        self.client.cookies.clear()
        kept = dict(pair.split("=", 1) for pair in self.cookie.split("; ") if pair)
        for given in response.headers.get_list("set-cookie"):
            name, value = given.split(";", 1)[0].split("=", 1)
            kept[name] = value.strip('"')
        self.cookie = "; ".join(f"{name}={value}" for name, value in kept.items() if value)
        return response


def csrf_of(page: Any) -> str:
    """The token in the forms of a page."""
    found = _CSRF.search(page.text)
    assert found is not None, page.text
    return unescape(found[1])
