"""Files in a bucket of S3, or of a server that speaks its protocol.

Credentials come from the environment alone, as AWS clients read them (`AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, profiles, instance roles).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict

from ingest.formats import SUFFIXES
from ingest.sources.connectors.port import RemoteDocument
from ingest.sources.connectors.readers import reader_class, translated


class Options(BaseModel):
    """`url` is a template for links, with `{path}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bucket: str
    prefix: str = ""
    endpoint_url: str | None = None
    region: str | None = None
    url: str | None = None


class S3Connector:
    """A bucket does not say who may read a file; its front matter and source do."""

    name = "s3"

    def __init__(self, options: Options) -> None:
        self._options = options

    def documents(self, known: Mapping[str, str]) -> Iterator[RemoteDocument]:
        """Files with a suffix that is indexed; one whose ETag is known is not fetched."""
        with translated(self.name):
            reader = self._reader()
            for resource in reader.list_resources():
                path = self._path(str(resource))
                if PurePosixPath(path).suffix.lower() in SUFFIXES:
                    yield self._document(reader, str(resource), path, known)

    def _document(
        self, reader: Any, resource: str, path: str, known: Mapping[str, str]
    ) -> RemoteDocument:
        info = reader.get_resource_info(resource)
        revision = str(info["content_hash"]).strip('"')
        held = known.get(path) == revision
        return RemoteDocument(
            path=path,
            revision=revision,
            updated_at=datetime.fromisoformat(info["last_modified_date"]),
            data=None if held else reader.read_file_content(resource),
            url=self._options.url.replace("{path}", path) if self._options.url else None,
        )

    def _path(self, resource: str) -> str:
        start = f"{self._options.bucket}/{self._options.prefix}".rstrip("/") + "/"
        return resource.removeprefix(start)

    def _reader(self) -> Any:
        return reader_class(self.name, "s3", "S3Reader")(
            bucket=self._options.bucket,
            prefix=self._options.prefix.rstrip("/"),
            s3_endpoint_url=self._options.endpoint_url,
            region_name=self._options.region,
            required_exts=sorted(SUFFIXES),
        )


def make(options: Mapping[str, object]) -> S3Connector:
    """The connector that a source's `options` describe."""
    return S3Connector(Options.model_validate(dict(options)))
