"""A configured root of files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest.sources.connectors.port import Connector
from ingest.sources.git_source import GitCheckout
from rag.addresses.site_rules import SiteRules


@dataclass(frozen=True, slots=True)
class Source:
    """`scope` narrows a run to one file or folder below `root`.

    `excluded` are folders below `root` that other sources index, so that no file is indexed twice.

    `site` says how its files are addressed on the web. With a `connector`
    the root is where its documents are mirrored; a `checkout` is fetched by whole runs.
    """

    name: str
    root: Path
    acl: frozenset[str] | None = None
    site: SiteRules | None = None
    scope: str | None = None
    connector: Connector | None = None
    checkout: GitCheckout | None = None
    excluded: frozenset[str] = frozenset()
