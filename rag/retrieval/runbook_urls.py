"""What the address of a runbook, as the author of an alert wrote it, says of the page it means."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit


def bare(url: str) -> str:
    """The address without the place on the page. What follows a `?` may be all that names it."""
    return url.split("#")[0].rstrip("/")


def path_in(url: str) -> str:
    """Its path as files are named, such as `/team/runbooks/blob/main/disk full.md`."""
    try:
        return unquote(urlsplit(url).path).rstrip("/")
    except ValueError:  # an annotation may hold anything
        return ""
