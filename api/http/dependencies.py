"""Dependencies of routes: the services that the application was created with."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.compose.services import Services


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


InjectedServices = Annotated[Services, Depends(_services)]
