"""Which connector a source names: one that ships, or a team's own by `module:callable`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from pydantic import ValidationError

from ingest.sources.connectors.port import Connector
from rag.errors import ConfigurationError

# kind -> module below ingest.sources.connectors; each has `make(options)`
KINDS = ("confluence", "google_drive", "notion", "s3")

Make = Callable[[Mapping[str, object]], Connector]


def make_connector(kind: str, options: Mapping[str, object]) -> Connector:
    """The connector of a source. Raises ConfigurationError; no system is asked yet."""
    try:
        return _maker(kind)(options)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(("options", *map(str, first["loc"])))
        raise ConfigurationError(f"connector {kind!r}: {where}: {first['msg']}") from error


def _maker(kind: str) -> Make:
    module, _, name = kind.partition(":")
    if not name and kind not in KINDS:
        raise ConfigurationError(
            f"no connector {kind!r}: name one of {', '.join(KINDS)}, or your own as module:callable"
        )
    try:
        found = import_module(module if name else f"ingest.sources.connectors.{kind}")
        maker: Make = getattr(found, name or "make")
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"connector {kind!r} cannot be loaded: {error}") from error
    return maker
