"""Adds the pages to the application."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from api.compose.services import Services
from api.web.alert_page import alert_router
from api.web.ask_page import ask_router
from api.web.document_page import document_router
from api.web.feedback_page import feedback_router
from api.web.incident_forms import incident_forms_router
from api.web.incident_page import incident_router
from api.web.oidc_sign_in import oidc_sign_in_router
from api.web.operator_page import operator_router
from api.web.owner_page import owner_router
from api.web.search_page import search_router
from api.web.sign_in import sign_in_router
from api.web.site import make_site


def page_routers() -> list[APIRouter]:
    """The routers of all pages."""
    return [
        sign_in_router(),
        oidc_sign_in_router(),
        search_router(),
        document_router(),
        ask_router(),
        feedback_router(),
        alert_router(),
        incident_router(),
        incident_forms_router(),
        owner_router(),
        operator_router(),
    ]


def add_web_pages(app: FastAPI, services: Services) -> None:
    """Every page, and the files that browsers need for them."""
    site = make_site(services)
    app.state.web = site
    files = APIRouter()
    site.assets.add_to(files)
    for router in (files, *page_routers()):
        app.include_router(router)
