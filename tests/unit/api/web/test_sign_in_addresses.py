"""After signing in a browser stays on this site."""

from __future__ import annotations

import pytest

from api.web.sign_in_form import local_address


@pytest.mark.parametrize("address", ["/", "/search?q=a+b", "/documents/abc?lines=1-2"])
def test_addresses_of_this_site_are_kept(address: str) -> None:
    assert local_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "//evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\r\nSet-Cookie: x=y",
        "/" + "a" * 5000,
        "search",
    ],
)
def test_all_other_addresses_become_the_search_page(address: str) -> None:
    assert local_address(address) == "/"
