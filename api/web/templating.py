"""Jinja2 templates of the pages, with every value escaped unless it was sanitized before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.web.code_rows import RISK_LABELS
from api.web.results import freshness_label


class Templates:
    """Renders the templates that ship with the package."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("api.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            moment=moment, freshness=freshness_label, risk=RISK_LABELS.__getitem__, url=url
        )

    def render(self, name: str, **context: Any) -> str:
        """The text of a template."""
        return self._environment.get_template(name).render(**context)


def moment(at: datetime | date | None) -> Markup:
    """A time in UTC, which the browser shows in its reader's zone; a dash for None."""
    if at is None:
        return Markup("–")  # noqa: RUF001 - a typographic dash
    if not isinstance(at, datetime):
        return Markup('<time datetime="{0}">{0}</time>').format(at.isoformat())
    in_utc = at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        in_utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        in_utc.strftime("%Y-%m-%d %H:%M:%S UTC"),
        in_utc.strftime("%Y-%m-%d %H:%M UTC"),
    )


def url(path: str, parameters: Mapping[str, object] | None = None) -> str:
    """An address with those parameters that are set."""
    kept = {name: value for name, value in (parameters or {}).items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path
