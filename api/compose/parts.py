"""Parts that the settings name, each made by itself; the composition root puts them together."""

from __future__ import annotations

import os
from collections.abc import Callable

from api.records.audit import AuditLog, NoLines, open_audit
from api.settings import Settings
from api.settings.secret_files import SUFFIX, secret_value
from api.webhooks import Webhooks
from rag.errors import ConfigurationError


def make_audit(settings: Settings, failed: Callable[[], None]) -> AuditLog:
    """The audit log of this index; `failed` is called for each line that could not be written."""
    chosen = settings.audit
    if not chosen.enabled:
        return AuditLog(NoLines())
    return open_audit(
        settings.state_folder,
        chosen.path,
        max_bytes=chosen.max_mib * 1024 * 1024,
        files=chosen.files,
        hash_queries=chosen.hash_queries,
        failed=failed,
    )


def read_webhooks(settings: Settings) -> Webhooks:
    """The secrets of the hooks that are on."""
    chosen = settings.webhooks
    return Webhooks(
        secret_from_environment(chosen.github_secret_env, "webhooks.github_secret_env"),
        secret_from_environment(chosen.gitlab_token_env, "webhooks.gitlab_token_env"),
    )


def secret_from_environment(name: str | None, key: str) -> str | None:
    """A secret that a setting names. Raises ConfigurationError when it is not set.

    The variable holds it, or that of the same name with `_FILE` names the file that does.
    """
    if name is None:
        return None
    secret = secret_value(name, os.environ)
    if secret is None:
        raise ConfigurationError(
            f"{key}: the environment variable {name} is not set, nor {name}{SUFFIX}, which may "
            "name a file that holds the secret"
        )
    return secret
