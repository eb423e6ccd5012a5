"""Style sheets and scripts, read once and served under an address that names their contents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.web.headers import secure_asset

PREFIX = "/assets"
_YEAR = 365 * 24 * 3600
_TYPES = {
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "search.js": "text/javascript; charset=utf-8",
    "timeline.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "vendor/htmx.min.js": "text/javascript; charset=utf-8",
    "vendor/hx-csp.min.js": "text/javascript; charset=utf-8",
}
_HASH_CHARS = 16


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `version` is a hash of its bytes."""

    data: bytes
    media_type: str
    version: str


class Assets:
    """All files that pages refer to. Nothing else below the folder is served."""

    def __init__(self) -> None:
        folder = files("api.web").joinpath("static")
        self._assets: Mapping[str, Asset] = {
            name: _asset(folder.joinpath(name).read_bytes(), media_type)
            for name, media_type in _TYPES.items()
        }

    def url(self, name: str) -> str:
        """The address of a file, which changes with its contents."""
        return f"{PREFIX}/{self._assets[name].version}/{name}"

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route(
            PREFIX + "/{version}/{name:path}",
            self.serve,
            methods=["GET"],
            include_in_schema=False,
        )

    async def serve(self, version: str, name: str, request: Request) -> Response:
        """One file, which a browser may keep for a year; 404 for an address that is not current."""
        asset = self._assets.get(name)
        if asset is None or asset.version != version:
            raise HTTPException(404)
        etag = f'"{version}"'
        status = 304 if request.headers.get("if-none-match") == etag else 200
        response = Response(
            b"" if status == 304 else asset.data, status, media_type=asset.media_type
        )
        secure_asset(response.headers)
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        response.headers["ETag"] = etag
        return response


def _asset(data: bytes, media_type: str) -> Asset:
    return Asset(data, media_type, hashlib.sha256(data).hexdigest()[:_HASH_CHARS])
