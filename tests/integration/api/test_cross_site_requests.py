"""A browser that a page of another site makes send a request changes nothing by it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corpus import PAGES
from tests.http_bench import assert_problem
from tests.serving import Served, service_over


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("sites")
    with service_over(folder, PAGES) as made:
        yield made


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_change_from_another_site_needs_a_credential_that_scripts_must_add(
    service: Served, site: str
) -> None:
    key = service.key("team:payments")
    body = {"query": "broker"}
    from_elsewhere = {"Sec-Fetch-Site": site}
    refused = service.client.post("/v1/search", json=body, headers=from_elsewhere)
    assert_problem(refused, 403, "forbidden")
    with_key = {**from_elsewhere, "Authorization": f"Bearer {key}"}
    assert service.client.post("/v1/search", json=body, headers=with_key).status_code == 200


def test_other_requests_are_checked_as_ever(service: Served) -> None:
    for site in ("same-origin", "none"):
        headers = {"Sec-Fetch-Site": site}
        answer = service.client.post("/v1/search", json={"query": "x"}, headers=headers)
        assert answer.status_code == 401
    answer = service.client.get("/v1/documents", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 401
