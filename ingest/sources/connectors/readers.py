"""Loading llama-index readers, which are an extra, and translating their failures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from rag.errors import ConfigurationError, RunbookError, StoreError


def reader_class(connector: str, module: str, name: str) -> Any:
    """A reader's class. Raises ConfigurationError that names the extra where it is missing."""
    try:
        return getattr(import_module(f"llama_index.readers.{module}"), name)
    except ImportError as error:
        package = f"llama-index-readers-{module.split('.')[0]}"
        raise ConfigurationError(
            f"connector {connector!r} needs {package}: "
            f"pip install 'runbook-search[connectors]' ({error})"
        ) from error


@contextmanager
def translated(connector: str) -> Iterator[None]:
    """Whatever a reader raises as StoreError: they raise what their clients do, of every kind."""
    try:
        yield
    except RunbookError:
        raise
    except Exception as error:
        # A message of a client may quote its request, credentials included: its type is enough.
        raise StoreError(
            f"{connector} could not be read ({type(error).__name__}); check its options, the "
            "credentials in the environment, and the network"
        ) from error
