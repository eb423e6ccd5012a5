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
# The tags of elements with a transition or an animation.
_MOVING = """[...document.querySelectorAll("*")].filter((element) => {
  const style = getComputedStyle(element);
  return style.animationName !== "none" || parseFloat(style.transitionDuration) > 0;
}).map((element) => element.tagName)"""
_WITHOUT_BORDER = """(elements) => elements
  .filter((element) => parseFloat(getComputedStyle(element).borderLeftWidth) < 1)
  .map((element) => element.outerHTML)"""
_OUTLINE = """(element) => {
  const style = getComputedStyle(element);
  return style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
}"""  # pixels
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


def test_nothing_moves_for_readers_who_ask_for_it(visit: Visit, served: Served) -> None:
    still = visit(reduced_motion="reduce")
    moving = visit(reduced_motion="no-preference")
    key = served.key("team:payments", rights=("search", "admin"))
    for window in (still, moving):
        window.sign_in(key)
    for address in ("/search?q=roll+back+the+checkout+deploy", f"/documents/{_CHECKOUT}"):
        assert still.open(address).evaluate(_MOVING) == []
        assert moving.open(address).evaluate(_MOVING) != []


def test_forced_colours_keep_what_colour_alone_would_say(visit: Visit, served: Served) -> None:
    window = visit(forced_colors="active")
    window.sign_in(served.key("team:payments"))
    page = window.open("/search?q=roll+back+the+checkout+deploy")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    for selector in (".badge", "mark", ".command"):
        assert page.locator(selector).count(), selector
        assert page.locator(selector).evaluate_all(_WITHOUT_BORDER) == [], selector
    assert page.locator(".command .risk").first.inner_text()
    cited = window.open(f"/documents/{_CHECKOUT}?lines=15-30").locator(".cited").first
    assert cited.evaluate(_OUTLINE) >= 2
    page.keyboard.press("Tab")
    assert page.locator(":focus").evaluate(_OUTLINE) >= 2


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
