"""Composition of the receivers of notifications, from `[[notifications]]`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from api.compose.parts import secret_from_environment
from api.compose.search_path import utc_now
from api.settings import Settings
from rag.adapters.alert_store import AlertStore
from rag.adapters.notified_groups import NotifiedGroups
from rag.alerts.triage import AlertTriage
from rag.domain.access import Principal
from rag.errors import ConfigurationError

if TYPE_CHECKING:
    from api.compose.services import Services
    from api.notifications.receiver import Notifier, Receiver
    from api.settings.notifications import NotificationSettings


@contextmanager
def open_notifier(services: Services) -> Iterator[Notifier]:
    """The receivers, working until the end of the block.

    Raises ConfigurationError for an address or a key that is not set or not allowed, StoreError.
    """
    from api.notifications.receiver import Notifier  # brings an HTTP client

    settings = services.settings
    if not settings.notifications:
        yield Notifier()
        return
    _refuse_repeated_names(settings)
    path = settings.state_folder / "notifications.db"
    with (
        closing(AlertStore.open(path, utc_now)) as alerts,
        closing(NotifiedGroups.open(path, utc_now)) as states,
    ):
        triage = services.alerts.with_memory(alerts)
        notifier = Notifier(
            [_receiver(one, services, triage, states) for one in settings.notifications]
        )
        notifier.start()
        with closing(notifier):
            yield notifier


def _receiver(
    chosen: NotificationSettings, services: Services, triage: AlertTriage, states: NotifiedGroups
) -> Receiver:
    from api.notifications.delivery import Address, Delivery, is_of_origin
    from api.notifications.receiver import Receiver, ReceiverParts, ReceiverSettings

    where = f"notifications.{chosen.name}"
    url = secret_from_environment(chosen.url_env, f"{where}.url_env") or ""
    if not is_of_origin(url, chosen.origin):
        raise ConfigurationError(
            f"{where}: the address in {chosen.url_env} is not of {chosen.origin}: mend it, or set "
            "`origin`"
        )
    secret = secret_from_environment(chosen.secret_env, f"{where}.secret_env")
    address = Address(url, secret, chosen.timeout_seconds, chosen.retries)

    def groups() -> frozenset[str]:
        return services.authenticator.expanded(Principal(where, chosen.acl)).groups

    return Receiver(
        ReceiverSettings(
            name=chosen.name,
            kind=chosen.kind,
            groups=groups,
            senders=frozenset(chosen.senders),
            wait_seconds=chosen.wait_seconds,
            max_per_hour=chosen.max_per_hour,
        ),
        ReceiverParts(triage, states, Delivery(address), services.audit, services.metrics),
    )


def _refuse_repeated_names(settings: Settings) -> None:
    counted = Counter(one.name for one in settings.notifications)
    for name, count in counted.items():
        if count > 1:
            raise ConfigurationError(f"notifications: {count} receivers are named {name}")
