"""What every section of the settings is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from rag.access.acl import parse_tags
from rag.errors import InvalidTag


def _tags(raw: object) -> object:
    if not isinstance(raw, list):
        return raw
    try:
        return parse_tags(raw)
    except InvalidTag as error:
        raise ValueError(str(error)) from error


AclTags = Annotated[frozenset[str], BeforeValidator(_tags)]


class Section(BaseModel):
    """A table of runbook.toml: an unknown key is a mistake, and nothing changes it afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)
