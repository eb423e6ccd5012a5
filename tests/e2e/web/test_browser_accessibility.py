"""axe-core on every page, light and dark, on a phone and on a laptop; and nothing is cut off."""

from __future__ import annotations

from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from rag.domain.documents import document_id
from tests.e2e.web.conftest import Visit
from tests.serving import Served

_GRAVE = ("serious", "critical")
_CHECKOUT = document_id("docs", "payments/checkout-5xx.md")
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# A phone, a laptop, and the laptop at 200 per cent.
_WIDTHS = (360, 1280, 640)
_LOG = "2026-08-31T10:00:00Z ERROR connection to ledger timed out\n"
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
    "/operations/rollback",
    "/evals",
)


def test_no_page_has_a_grave_fault(visit: Visit, served: Served) -> None:
    window = visit(reduced_motion="reduce")
    key = served.key("team:payments", rights=("search", "admin"))
    page = window.sign_in(key)
    for address in (*ADDRESSES, incident(served, key)):
        window.open(address)
        page.wait_for_load_state("networkidle")
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width in _WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                assert overflow(page) <= 0, (address, width)
                if width != 640:
                    assert faults(page) == [], (address, scheme, width)
        page.emulate_media(color_scheme="dark", contrast="more")
        assert faults(page) == [], (address, "more contrast")
        page.emulate_media(color_scheme="light", contrast="no-preference")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API key").wait_for()
    assert faults(page) == []


def incident(served: Served, key: str) -> str:
    """The page of an incident with a timeline."""
    identity = served.post(key, "/v1/incidents", {"name": "Checkout down"}).json()["id"]
    log = {"kind": "logs", "name": "api.log", "content": _LOG}
    assert served.post(key, f"/v1/incidents/{identity}/inputs", log).status_code == 201
    return f"/incidents/{identity}"


def overflow(page: Page) -> int:
    pixels: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return pixels


def faults(page: Page) -> list[tuple[str, list[str]]]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in found
        if one["impact"] in _GRAVE
    ]
