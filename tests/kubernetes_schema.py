"""Manifests held against the API's schema, as the kubernetes package has it in its models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubernetes.client import models
from pydantic import ValidationError


def faults_of(manifest: Mapping[str, Any]) -> list[str]:
    """Unknown keys, missing ones and values of another type, each with its place."""
    kind = str(manifest["kind"])
    release = str(manifest["apiVersion"]).rpartition("/")[2]
    model = getattr(models, f"{release.capitalize()}{kind}", None)
    if model is None:
        return [f"{kind}: {manifest['apiVersion']} has no such kind"]
    try:
        model.model_validate(manifest)
    except ValidationError as error:
        return [
            f"{'.'.join([kind, *map(str, found['loc'])])}: {found['msg']}"
            for found in error.errors(include_url=False)
        ]
    return []
