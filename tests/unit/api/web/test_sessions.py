"""Sessions in cookies: whole, in time, and not signed out."""

from __future__ import annotations

import pytest

from api.web.cookie_cipher import CookieCipher
from api.web.sessions import IssuedPerson, Sessions, new_session


class Clock:
    """A clock that tests move."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


SECRET = bytes(range(32))


def sessions_at(clock: Clock, secret: bytes = SECRET) -> Sessions:
    return Sessions(CookieCipher(lambda: secret, clock), 60)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_session_comes_back_from_its_cookie(clock: Clock) -> None:
    sessions, session = sessions_at(clock), new_session("rbk_key")
    assert sessions.read(sessions.seal(session)) == session


def test_the_cookie_does_not_show_the_credential(clock: Clock) -> None:
    sealed = sessions_at(clock).seal(new_session("rbk_credential"))
    assert "rbk_credential" not in sealed


def test_a_session_ends_with_its_time(clock: Clock) -> None:
    sessions = sessions_at(clock)
    sealed = sessions.seal(new_session("rbk_key"))
    clock.now += 60
    assert sessions.read(sealed) is not None
    clock.now += 1
    assert sessions.read(sealed) is None


def test_an_altered_cookie_is_no_session(clock: Clock) -> None:
    sessions = sessions_at(clock)
    sealed = sessions.seal(new_session("rbk_key"))
    for position in range(0, len(sealed), 7):
        other = "A" if sealed[position] != "A" else "B"
        assert sessions.read(sealed[:position] + other + sealed[position + 1 :]) is None
    assert sessions.read("") is None
    assert sessions.read("x" * 100_000) is None


def test_another_service_cannot_read_the_cookie(clock: Clock) -> None:
    sealed = sessions_at(clock).seal(new_session("rbk_key"))
    assert sessions_at(clock, bytes(32)).read(sealed) is None


def test_a_session_that_was_signed_out_does_not_come_back(clock: Clock) -> None:
    sessions, session = sessions_at(clock), new_session("rbk_key")
    sealed = sessions.seal(session)
    sessions.end(session)
    assert sessions.read(sealed) is None
    assert sessions.read(sessions.seal(new_session("rbk_key"))) is not None


def test_a_session_of_an_issuer_ends_when_it_expires(clock: Clock) -> None:
    sessions = sessions_at(clock)
    person = IssuedPerson("oidc:ada", ("team:payments",), "https://id.example web", 1_000_030)
    session = new_session(person=person)
    sealed = sessions.seal(session)
    assert sessions.seconds_left(session) == 30
    assert sessions.read(sealed) == session
    clock.now += 30
    assert sessions.read(sealed) is None
