"""POST /v1/alerts: alerts of Alertmanager, Grafana or a generic form to groups and runbooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body

from api.compose.services import Services
from api.http.authentication import Asking, Searcher
from api.http.dependencies import InjectedServices
from api.records.audit import By
from api.wire.alerts import group_request_id, triage_to_wire
from api.wire.hits import JsonObject
from api.wire.shapes import AlertsModel
from rag.alerts.alert import Alert
from rag.alerts.payloads import parse_alerts
from rag.alerts.triage import Triage
from rag.domain.access import Principal

_EXAMPLE = {"alerts": [{"name": "CheckoutHighErrorRate", "labels": {"service": "checkout-api"}}]}


def add_alert_routes(router: APIRouter) -> None:
    router.add_api_route("/alerts", alerts, methods=["POST"], response_model=AlertsModel)


def alerts(
    services: InjectedServices,
    principal: Searcher,
    by: Asking,
    body: Annotated[Any, Body(examples=[_EXAMPLE])],
) -> JsonObject:
    """Group alerts by the runbook that answers them, among those that the caller may read.

    The body is Alertmanager's webhook (version 4), Grafana's, or
    `{"alerts":[{"name","labels","annotations","starts_at","status"}]}`. Alerts that the caller sent
    before stay in their groups until they are resolved or 24 hours old.
    """
    sent = parse_alerts(body)
    services.notify(principal, sent)
    return triage_to_wire(triage_of(sent, services, principal, by), by.request_id)


def triage_of(alerts: Sequence[Alert], services: Services, principal: Principal, by: By) -> Triage:
    """The groups of alerts, recorded as searches."""
    triage = services.alerts.triage(alerts, principal=principal)
    for number, group in enumerate(triage.groups):
        question = group.first.question
        services.audit.searched(by, question, group.match.hits)
        services.requests.remember(
            group_request_id(by.request_id, number),
            principal,
            question,
            group.match.hits,
            no_result=not group.match.hits,
        )
    return triage
