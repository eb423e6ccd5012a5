"""Says why a question found nothing: the index is empty, the reader may read nothing, a filter."""

from __future__ import annotations

from collections.abc import Sequence

from api.cli.terminal import echo
from api.settings import Settings
from rag.domain.access import Principal
from rag.domain.search import Filters
from rag.retrieval.empty_results import explain_empty_result


def print_empty_result(
    settings: Settings, principal: Principal, tags: Sequence[str], filters: Filters
) -> None:
    """One line on stderr, made of what `principal` may read and of nothing else.

    `tags` are those of --as, empty for the local administrator.
    """
    from api.compose.search_path import readable_facets

    readable = readable_facets(settings, principal)
    if readable.sources:
        echo(explain_empty_result(filters, readable) or "nothing found", err=True)
    elif tags:
        echo(f"nothing found: a reader with {', '.join(tags)} may read no document", err=True)
    else:
        echo("nothing is indexed yet: run `runbook ingest`", err=True)
