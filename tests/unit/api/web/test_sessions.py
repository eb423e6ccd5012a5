"""Sessions in cookies: whole, in time, and not signed out."""

from __future__ import annotations

import pytest

from api.web.sessions import Sessions, new_session


class Clock:
    """A clock that tests move."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


SECRET = bytes(range(32))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_session_comes_back_from_its_cookie(clock: Clock) -> None:
    sessions, session = Sessions(lambda: SECRET, 60, clock), new_session("rbk_key")
    assert sessions.read(sessions.seal(session)) == session


def test_the_cookie_does_not_show_the_credential(clock: Clock) -> None:
    sealed = Sessions(lambda: SECRET, 60, clock).seal(new_session("rbk_credential"))
    assert "rbk_credential" not in sealed


def test_a_session_ends_with_its_time(clock: Clock) -> None:
    sessions = Sessions(lambda: SECRET, 60, clock)
    sealed = sessions.seal(new_session("rbk_key"))
    clock.now += 60
    assert sessions.read(sealed) is not None
    clock.now += 1
    assert sessions.read(sealed) is None


def test_an_altered_cookie_is_no_session(clock: Clock) -> None:
    sessions = Sessions(lambda: SECRET, 60, clock)
    sealed = sessions.seal(new_session("rbk_key"))
    for position in range(0, len(sealed), 7):
        other = "A" if sealed[position] != "A" else "B"
        assert sessions.read(sealed[:position] + other + sealed[position + 1 :]) is None
    assert sessions.read("") is None
    assert sessions.read("x" * 100_000) is None


def test_another_service_cannot_read_the_cookie(clock: Clock) -> None:
    sealed = Sessions(lambda: SECRET, 60, clock).seal(new_session("rbk_key"))
    assert Sessions(lambda: bytes(32), 60, clock).read(sealed) is None


def test_a_session_that_was_signed_out_does_not_come_back(clock: Clock) -> None:
    sessions, session = Sessions(lambda: SECRET, 60, clock), new_session("rbk_key")
    sealed = sessions.seal(session)
    sessions.end(session)
    assert sessions.read(sealed) is None
    assert sessions.read(sessions.seal(new_session("rbk_key"))) is not None
