"""What the composition root builds and the doors use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from api.identity.port import Authenticator
from api.limits import CallerLimits
from api.records.audit import AuditLog
from api.records.metrics import Metrics
from api.records.request_memory import RequestMemory
from api.settings import Settings
from api.used_ids import LocalIds, MakeUsedIds, UsedIds
from api.webhooks import Webhooks
from rag.adapters.catalog.catalog import Catalog
from rag.adapters.catalog.jobs import JobStore
from rag.adapters.catalog.keys import KeyStore
from rag.adapters.catalog.reader import CatalogReader
from rag.alerts.alert import Alert
from rag.alerts.triage import AlertTriage
from rag.answering.answering import Answerer
from rag.domain.access import Principal
from rag.incidents.service import IncidentService
from rag.retrieval.search import SearchEngine

if TYPE_CHECKING:
    from api.identity.oidc_sign_in import OidcSignIn
    from api.records.tracing import Tracing


def do_nothing() -> None:
    """For a callback that nobody needs."""


def notify_nobody(sender: Principal, alerts: Sequence[Alert]) -> None:
    """Where no receiver of notifications is configured."""


def make_local_ids(_kind: str, _seconds: float) -> UsedIds:
    """Ids that this process alone knows."""
    return LocalIds()


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a door needs to answer.

    `warm` repairs the index, opens the stores and the model, and returns when the first search
    will be a quick one. It raises a RunbookError when the index cannot be served, Cancelled after
    `cancel_warming` among them. `wake` notifies the worker of `jobs` of a new one. `tracing`
    is None where no spans are sent. `catalog` is for the pages of owners and operators;
    `notes_source` is the source of incidents' notes. `notify` takes alerts that a caller sent to
    the service, and never waits. `sign_in` is None where people cannot sign in at an issuer.
    `make_used_ids` gives what keeps ids that count once, of a kind and for so many seconds.
    """

    settings: Settings
    engine: SearchEngine
    answerer: Answerer
    alerts: AlertTriage
    incidents: IncidentService
    reader: CatalogReader
    keys: KeyStore
    authenticator: Authenticator
    limits: CallerLimits
    audit: AuditLog
    metrics: Metrics
    requests: RequestMemory
    today: Callable[[], date]
    now: Callable[[], datetime]
    warm: Callable[[], None]
    jobs: JobStore
    catalog: Catalog
    wake: Callable[[], None] = do_nothing
    cancel_warming: Callable[[], None] = do_nothing
    notify: Callable[[Principal, Sequence[Alert]], None] = notify_nobody
    webhooks: Webhooks | None = None
    make_used_ids: MakeUsedIds = make_local_ids
    notes_source: str = ""
    sign_in: OidcSignIn | None = None
    tracing: Tracing | None = None
