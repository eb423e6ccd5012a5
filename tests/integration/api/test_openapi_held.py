"""The running service against its own OpenAPI document: no 5xx, no answer outside the schema.

Every route of the document is tried, those that others will add included.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.settings.access import LimitSettings
from tests.corpus import PAGES
from tests.serving import Served, service_over

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 8


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    limits = LimitSettings(requests_per_minute=1_000_000, refusals_per_minute=1_000_000)
    with service_over(tmp_path_factory.mktemp("schema"), PAGES, limits=limits) as made:
        yield made


def test_every_operation_answers_as_the_document_says(service: Served) -> None:
    key = service.key("team:any", rights=("search", "admin", "index"))
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) >= 8
    for operation in operations:
        _hold(operation.as_strategy(GenerationMode.POSITIVE), key)
        with suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
            _hold(operation.as_strategy(GenerationMode.NEGATIVE), key)


def _hold(cases: Any, key: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def hold(case: schemathesis.Case[Any]) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=30)

    hold()
