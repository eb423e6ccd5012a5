"""A service over a few documents, and the Chromium of the system to visit its pages with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.corpus import PAGES
from tests.serving import Served, service_over
from tests.web_browser import Browser as FormBrowser

_FLAGS = (
    "--no-sandbox",  # which containers and root do not allow
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_DESTRUCTIVE = """\
---
title: Rebuild the ledger schema
service: ledger
owner: team-payments
severity: [sev1]
acl: [team:payments]
last_reviewed: 2020-01-01
---
# Rebuild the ledger schema

## Drop and restore

> [!WARNING]
> Dropping the schema deletes every booking since the last snapshot.

```bash
kubectl -n ledger delete namespace ledger
```

```bash
kubectl -n ledger get pods
```
"""
_WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class Watched:
    """A page, and whatever it did that none of ours may do."""

    page: Page
    served: Served
    faults: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return self.served.url

    def __post_init__(self) -> None:
        self.page.add_init_script(_WATCH)
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog {dialog.message}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"error {error}"))
        self.page.on("request", self._check_request)
        self.page.set_default_timeout(20_000)

    def _check_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "about:")):
            self.faults.append(f"request {request.url}")

    def assert_harmless(self) -> None:
        violations = self.page.evaluate("window.__violations ?? []")
        assert not [*self.faults, *violations]

    def open(self, address: str) -> Page:
        self.page.goto(f"{self.origin}{address}")
        return self.page

    def sign_in(self, key: str, address: str = "/") -> Page:
        """Open a page with the cookie of a session; tests of signing in use its form instead."""
        without_javascript = FormBrowser(self.served.client)
        without_javascript.sign_in(key)
        name, value = without_javascript.cookie.split("=", 1)
        self.page.context.add_cookies([{"name": name, "value": value, "url": self.origin}])
        return self.open(address)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        message = "no `chromium` on this machine: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    # Ended with the module: while it runs, no other test in this process may run an event loop.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_FLAGS])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pages")
    files = {**PAGES, "payments/rebuild.md": _DESTRUCTIVE}
    with service_over(Path(folder), files) as made:
        yield made


Visit = Callable[..., Watched]


@pytest.fixture
def visit(chromium: Browser, served: Served) -> Iterator[Visit]:
    """Opens a browser window of its own; arguments are those of a Playwright context."""
    contexts: list[BrowserContext] = []

    def opened(**options: object) -> Watched:
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        return Watched(context.new_page(), served)

    yield opened
    for context in contexts:
        context.close()
