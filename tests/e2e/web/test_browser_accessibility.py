"""axe-core on every page, light and dark, on a phone and on a laptop."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from rag.domain.documents import document_id
from tests.e2e.web.conftest import Visit
from tests.serving import Served

_GRAVE = ("serious", "critical")
_CHECKOUT = document_id("docs", "payments/checkout-5xx.md")
ADDRESSES = (
    "/",
    "/search?q=roll+back+the+checkout+deploy",
    "/search?q=zebra+giraffe&service=ledger",
    f"/documents/{_CHECKOUT}?lines=15-30",
    "/ask?q=roll+back+the+checkout+deploy",
    "/alerts",
    "/incidents",
    "/owners",
    "/operations",
    "/evals",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_has_a_grave_fault(visit: Visit, served: Served, scheme: str, width: int) -> None:
    viewport = {"width": width, "height": 800}
    window = visit(color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
    page = window.sign_in(served.key("team:payments", rights=("search", "admin")))
    for address in ADDRESSES:
        window.open(address)
        page.wait_for_load_state("networkidle")
        assert _faults(Axe().run(page).response) == [], address
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, address
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API key").wait_for()
    assert _faults(Axe().run(page).response) == []


def _faults(response: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (found["id"], [node["html"] for node in found["nodes"]])
        for found in response["violations"]
        if found["impact"] in _GRAVE
    ]
