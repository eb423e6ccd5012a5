"""Forms that pages post: their fields, once it is sure that a page of ours posted them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from rag.errors import PermissionDenied

_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 50
_SAME_ORIGIN = frozenset({"same-origin", "none"})

FormFields = Mapping[str, str]


class ForeignForm(PermissionDenied):
    """A form without the token of the session: from another site, or older than the session."""


def parse_form(request: Request, body: bytes) -> FormFields:
    """The fields of a form, the last value of each.

    Raises HTTPException 400 for a body that is no form, ForeignForm for one without the CSRF
    token of the browser's session.
    """
    if not request.headers.get("content-type", "").lower().startswith(_FORM):
        raise HTTPException(400)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise HTTPException(400) from error
    fields = dict(pairs)
    _check_origin(request, fields.get("csrf", ""))
    return fields


def _check_origin(request: Request, token: str) -> None:
    # Browsers say where a request comes from, and no script can change what they say.
    site = request.headers.get("sec-fetch-site")
    expected: str = request.state.session.csrf
    is_ours = hmac.compare_digest(token.encode(), expected.encode())
    if not is_ours or (site is not None and site not in _SAME_ORIGIN):
        raise ForeignForm("the form was not posted from a page of this session")


async def _posted(request: Request) -> FormFields:
    return parse_form(request, await request.body())


PostedForm = Annotated[FormFields, Depends(_posted)]
