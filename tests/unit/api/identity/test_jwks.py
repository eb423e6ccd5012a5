"""When an issuer is asked for its keys, and for how long they count."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import jwt
import pytest

from api.identity.jwks import JwksCache
from rag.errors import AuthenticationError
from tests.issuer import Issuer


@dataclass
class Clock:
    now: float = 1000.0
    published: Issuer = field(default_factory=lambda: Issuer(""))

    def __call__(self) -> float:
        return self.now

    def fetch(self) -> jwt.PyJWKSet:
        self.published.asked += 1
        if self.published.broken:
            raise jwt.PyJWKClientConnectionError("down")
        return jwt.PyJWKSet.from_dict(json.loads(self.published.jwks()))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> JwksCache:
    return JwksCache(clock.fetch, lifetime=300, grace=600, pause=10, clock=clock)


def test_keys_are_fetched_once_and_again_after_their_lifetime(
    cache: JwksCache, clock: Clock
) -> None:
    for _ in range(5):
        assert cache.key("one").key_id == "one"
    assert clock.published.asked == 1
    clock.now += 301
    cache.key("one")
    assert clock.published.asked == 2


def test_unknown_keys_make_no_more_than_one_question_in_a_while(
    cache: JwksCache, clock: Clock
) -> None:
    cache.key("one")
    for number in range(50):
        with pytest.raises(AuthenticationError):
            cache.key(f"guess {number}")
    assert clock.published.asked == 1
    clock.now += 10
    for number in range(50):
        with pytest.raises(AuthenticationError):
            cache.key(f"guess {number}")
    assert clock.published.asked == 2


def test_keys_outlive_an_issuer_that_is_down_and_not_for_ever(
    cache: JwksCache, clock: Clock
) -> None:
    cache.key("one")
    clock.published.broken = True
    clock.now += 899
    assert cache.key("one")
    clock.now += 2
    asked = clock.published.asked
    for _ in range(5):
        with pytest.raises(AuthenticationError):
            cache.key("one")
    assert clock.published.asked <= asked + 1
    clock.published.broken = False
    clock.now += 10
    assert cache.key("one")


def test_symmetric_and_encryption_keys_verify_nothing(clock: Clock, cache: JwksCache) -> None:
    clock.published.extra = [
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "shared"},
        {**json.loads(clock.published.jwks())["keys"][0], "kid": "wrapping", "use": "enc"},
    ]
    assert cache.key("one")
    for kid in ("shared", "wrapping"):
        with pytest.raises(AuthenticationError):
            cache.key(kid)
