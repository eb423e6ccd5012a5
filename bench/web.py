"""`python -m bench.web`: how fast the search page paints, and shows results as somebody types.

Chromium of the system (Debian's package) visits a service on loopback with an index of 10,000
chunks. Each question is typed word by word, with a pause behind each word. The time of a search is
from when the page sends its request to when the results are in the page; the pause that it waits
for before it sends one is not part of it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from api.compose.local import open_catalog
from bench import scaled_index
from bench.__main__ import Bench
from bench.serving import free_port, serving_process

_CHUNKS = 10_000
_PAINTS = 15
_QUESTIONS = 40
_PAUSE_MS = 350  # longer than the page waits for more letters, and than a search takes
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
# One person types faster than the default limit for a principal allows.
_NO_LIMITS = {"RUNBOOK_LIMITS__REQUESTS_PER_MINUTE": "1000000"}
_RECORD = """
window.__sent = 0;
window.__took = [];
document.addEventListener("htmx:before:request", () => { window.__sent = performance.now(); });
document.addEventListener("htmx:after:swap", () => {
  if (window.__sent) window.__took.push(performance.now() - window.__sent);
  window.__sent = 0;
});
"""
_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)"


def measure(url: str, key: str, questions: Sequence[str]) -> dict[str, Any]:
    """The figures of one service: milliseconds, and kilobytes that the first page transfers."""
    path = shutil.which("chromium")
    if path is None:
        raise SystemExit("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_FLAGS])
        state = _signed_in(browser, url, key)
        cold, sizes = _first_paints(browser, url, state)
        context = browser.new_context(storage_state=state)
        warm = _warm_paints(context, url)
        typed = _typed(context, url, questions)
        browser.close()
    return {
        "first_paint_empty_cache_ms": _spread(cold),
        "first_paint_ms": _spread(warm),
        "first_page_kilobytes": round(max(sizes) / 1000, 1),
        "searches": len(typed),
        "typed_ms": _spread(typed),
    }


def _signed_in(browser: Browser, url: str, key: str) -> StorageState:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/sign-in")
    page.fill("#key", key)
    page.press("#key", "Enter")
    page.wait_for_selector("#q")
    state = context.storage_state()
    context.close()
    return state


def _first_paints(
    browser: Browser, url: str, state: StorageState
) -> tuple[list[float], list[float]]:
    """Of windows that have nothing in their cache: times, and bytes over the wire."""
    times, sizes = [], []
    for _ in range(_PAINTS):
        context = browser.new_context(storage_state=state)
        page = context.new_page()
        received: list[float] = []
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.on(
            "Network.loadingFinished",
            lambda event, received=received: received.append(event["encodedDataLength"]),
        )
        times.append(_painted(page, url))
        sizes.append(sum(received))
        context.close()
    return times, sizes


def _warm_paints(context: BrowserContext, url: str) -> list[float]:
    page = context.new_page()
    times = [_painted(page, url) for _ in range(_PAINTS + 1)][1:]
    page.close()
    return times


def _painted(page: Page, url: str) -> float:
    page.goto(url, wait_until="networkidle")
    [start] = page.evaluate(_FIRST_PAINT)
    return float(start)


def _typed(context: BrowserContext, url: str, questions: Sequence[str]) -> list[float]:
    """The time of each search of one who types these questions, each in a new page."""
    page = context.new_page()
    page.add_init_script(_RECORD)
    taken: list[float] = []
    for question in questions:
        page.goto(url, wait_until="networkidle")
        for word in question.split():
            page.type("#q", f"{word} ")
            page.wait_for_timeout(_PAUSE_MS)
        taken += page.evaluate("window.__took")
    return taken[len(taken) // 20 :]  # without the first, which start the service's caches


def _spread(times: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(times, [50, 95])
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "max": round(max(times), 1)}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="runbook-bench-") as name:
        bench = Bench(Path(name))
        settings = scaled_index.build(bench.place("web"), bench.material, _CHUNKS)
        groups = frozenset({"public", *scaled_index.SHARES})
        with open_catalog(settings) as catalog:
            key = catalog.keys.create("bench", groups, frozenset({"search"})).key
        port = free_port()
        # Alert texts are pasted, not typed: questions come last among the sets.
        questions = [one.text for one in list(bench.corpus.questions.values())[-1][:_QUESTIONS]]
        with serving_process(settings.directory, port, _NO_LIMITS):
            figures = measure(f"http://127.0.0.1:{port}", key, questions)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
