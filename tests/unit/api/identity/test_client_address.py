"""The address that limits count by: the connection's, or what a trusted proxy says."""

from __future__ import annotations

import ipaddress

import pytest

from api.identity.client_address import client_address, network_of

PROXIES = (ipaddress.ip_network("10.0.0.0/24"), ipaddress.ip_network("fd00::/64"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),  # nobody's proxy
        ("10.0.0.5", ["203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.0.0.5", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.5", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),  # the first is the client's word
        ("10.0.0.5", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),  # headers are one list
        ("10.0.0.5", ["203.0.113.9, 10.0.0.6,  10.0.0.7"], "203.0.113.9"),
        ("fd00::1", ["2001:db8::5"], "2001:db8::5"),
        ("10.0.0.5", [], "10.0.0.5"),
        ("10.0.0.5", [""], "10.0.0.5"),
        ("10.0.0.5", ["unknown"], "10.0.0.5"),
        ("10.0.0.5", ["203.0.113.9, nonsense"], "10.0.0.5"),
        ("10.0.0.5", ["10.0.0.6"], "10.0.0.5"),
        ("10.0.0.5", ["203.0.113.9" + ", 10.0.0.6" * 5000], "10.0.0.5"),
        (None, ["203.0.113.9"], None),
    ],
)
def test_only_a_trusted_proxy_names_another_address(
    peer: str | None, forwarded: list[str], expected: str | None
) -> None:
    assert client_address(peer, forwarded, PROXIES) == expected


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert (network_of(None), network_of("testclient")) == ("", "testclient")
