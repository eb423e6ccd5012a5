"""Files and documents in a folder of Google Drive.

The credential comes from the environment alone: `GOOGLE_APPLICATION_CREDENTIALS` names the key file
of a service account with which the folder is shared.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict

from ingest.formats import SUFFIXES
from ingest.sources.connectors.port import RemoteDocument
from ingest.sources.connectors.readers import reader_class, translated
from rag.errors import ConfigurationError

_KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
_GOOGLE_DOCUMENT = "application/vnd.google-apps.document"


class Options(BaseModel):
    """`drive_id` is needed for a folder of a shared drive."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder_id: str
    drive_id: str | None = None


class GoogleDriveConnector:
    """The reader does not say who may read a file; its front matter and source do."""

    name = "google_drive"

    def __init__(self, options: Options) -> None:
        self._options = options

    def documents(self, known: Mapping[str, str]) -> Iterator[RemoteDocument]:
        """Files with a suffix that is indexed, and Google's own documents as DOCX."""
        reader = self._reader()
        with translated(self.name):
            for resource in reader.list_resources():
                info = reader.get_resource_info(resource)
                path = _path(info)
                if PurePosixPath(path).suffix.lower() in SUFFIXES:
                    yield _document(reader, resource, path, info, known)

    def _reader(self) -> Any:
        made = reader_class(self.name, "google", "GoogleDriveReader")
        key_file = os.environ.get(_KEY_FILE, "")
        if not Path(key_file).is_file():
            raise ConfigurationError(f"connector 'google_drive': {_KEY_FILE} names no key file")
        with translated(self.name):
            return made(
                folder_id=self._options.folder_id,
                drive_id=self._options.drive_id,
                service_account_key_path=key_file,
                is_cloud=True,
                raise_errors=True,  # else a failure in the middle would look like deletions
            )


def _document(
    reader: Any, resource: str, path: str, info: Mapping[str, Any], known: Mapping[str, str]
) -> RemoteDocument:
    modified = str(info["last_modified_date"])
    held = known.get(path) == modified
    return RemoteDocument(
        path=path,
        revision=modified,
        updated_at=datetime.fromisoformat(modified),
        data=None if held else reader.read_file_content(resource),
        url=info.get("drive_link"),
    )


def _path(info: Mapping[str, Any]) -> str:
    path = str(info["file_path"])
    return f"{path}.docx" if info["content_type"] == _GOOGLE_DOCUMENT else path


def make(options: Mapping[str, object]) -> GoogleDriveConnector:
    """The connector that a source's `options` describe."""
    return GoogleDriveConnector(Options.model_validate(dict(options)))
