"""The Slack door's parts: signatures, commands, principals, and where a late answer may go."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.slack.command import NotACommand, parse_command, principal_of
from api.slack.replies import ReplySender
from api.slack.signature import MAX_AGE_SECONDS, SignatureCheck, signature_of
from rag.errors import AuthenticationError, DeliveryError, PermissionDenied

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = 1_531_420_618.0


def checking(now: float = NOW) -> SignatureCheck:
    return SignatureCheck(SECRET, lambda: now)


def signed(body: bytes, timestamp: str = str(int(NOW)), secret: str = SECRET) -> str:
    message = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def test_the_example_of_slacks_own_documentation_is_accepted() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
        b".803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert signature_of(SECRET.encode(), "1531420618", body) == expected
    checking().check("1531420618", expected, body)
    command = parse_command(body)
    assert (command.team, command.channel, command.user) == ("T1DC2JH3J", "G8PSS9T3V", "U2CERLKJA")
    assert command.response_url.startswith("https://hooks.slack.com/commands/")


@given(body=st.binary(max_size=200), flipped=st.integers(0, 10_000))
def test_any_other_body_is_refused(body: bytes, flipped: int) -> None:
    position = flipped % (len(body) + 1)
    other = body[:position] + b"!" + body[position:]
    with pytest.raises(AuthenticationError):
        checking().check(str(int(NOW)), signed(body), other)


@pytest.mark.parametrize(
    ("timestamp", "signature"),
    [
        (str(int(NOW)), ""),
        (str(int(NOW)), "v0="),
        (str(int(NOW)), signed(b"body", secret="another")),
        (str(int(NOW)), signed(b"body").replace("v0=", "v1=")),
        (str(int(NOW)), signed(b"body").upper()),
        (str(int(NOW)), "v0=é"),
        (str(int(NOW) + 1), signed(b"body")),
        ("", signed(b"body", "")),
        ("nan", signed(b"body", "nan")),
        ("1e9", signed(b"body", "1e9")),
        ("9" * 30, signed(b"body", "9" * 30)),
        ("-5", signed(b"body", "-5")),
    ],
)
def test_what_slack_did_not_sign_is_refused(timestamp: str, signature: str) -> None:
    with pytest.raises(AuthenticationError):
        checking().check(timestamp, signature, b"body")


@pytest.mark.parametrize("age", [MAX_AGE_SECONDS + 1, -MAX_AGE_SECONDS - 1])
def test_an_old_request_is_refused(age: float) -> None:
    checking(NOW + age - (1 if age > 0 else -1)).check(str(int(NOW)), signed(b"b"), b"b")
    with pytest.raises(AuthenticationError):
        checking(NOW + age).check(str(int(NOW)), signed(b"b"), b"b")


def test_a_request_counts_once_for_as_long_as_it_is_young() -> None:
    now = NOW
    check = SignatureCheck(SECRET, lambda: now)
    check.check(str(int(NOW)), signed(b"b"), b"b")
    for moment in (NOW, NOW + MAX_AGE_SECONDS, NOW - MAX_AGE_SECONDS):
        now = moment
        with pytest.raises(AuthenticationError):
            check.check(str(int(NOW)), signed(b"b"), b"b")
    now = NOW
    check.check(str(int(NOW)), signed(b"another"), b"another")


GROUPS = {
    "T1": frozenset({"public"}),
    "T1/C1": frozenset({"team:payments"}),
    "T1/U1": frozenset({"role:sre"}),
    "T2/U1": frozenset({"team:security"}),
}


@pytest.mark.parametrize(
    ("team", "channel", "user", "groups"),
    [
        ("T1", "C9", "U9", {"public"}),
        ("T1", "C1", "U9", {"public", "team:payments"}),
        ("T1", "C1", "U1", {"public", "team:payments", "role:sre"}),
        ("T2", "C1", "U1", {"team:security"}),  # another team's user of the same id
        ("T3", "C1", "U1", set()),
        ("T1/C1", "C1", "U9", {"team:payments"}),
    ],
)
def test_a_sender_has_the_groups_of_its_team_channel_and_user(
    team: str, channel: str, user: str, groups: set[str]
) -> None:
    body = urlencode({"team_id": team, "channel_id": channel, "user_id": user}).encode()
    if "/" in team:
        with pytest.raises(NotACommand, match="team_id"):
            parse_command(body)
        return
    principal = principal_of(parse_command(body), GROUPS)
    assert principal.groups == groups
    assert principal.administrator is False


@pytest.mark.parametrize(
    "body", [b"", b"text=x", b"team_id=T1", b"\xff=1", b"&".join([b"a=1"] * 200)]
)
def test_what_is_no_command_is_refused(body: bytes) -> None:
    with pytest.raises(NotACommand):
        parse_command(body)


# --- Where a late answer may go


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://hooks.slack.com/commands/x",
        "https://hooks.slack.com.evil.example/x",
        "https://hooks.slack.com@evil.example/x",
        "https://user@hooks.slack.com/x",
        "https://hooks.slack.com:8443/x",
        "https://evil.example/hooks.slack.com",
        "https://hooks.slack.com\\@evil.example/x",
        "https://127.0.0.1/x",
        "https://[::1/x",
        "file:///etc/passwd",
        "https://hooks.slack.com/x\r\nHost: evil.example",
        "https://hooks.slack.com/a b",
        "https://höoks.slack.com/x",
    ],
)
def test_no_other_place_is_written_to(url: str) -> None:
    sender = ReplySender(frozenset({"https://hooks.slack.com"}))
    assert not sender.allows(url)
    with pytest.raises(PermissionDenied):
        sender.send(url, {"text": "x"})


def test_slacks_own_address_is_allowed() -> None:
    sender = ReplySender(frozenset({"https://hooks.slack.com"}))
    assert sender.allows("https://hooks.slack.com/commands/T1/2/abc?x=1")


class Redirecting(BaseHTTPRequestHandler):
    """Answers 302 to one path and 200 to the others."""

    visited: list[str]

    def do_POST(self) -> None:
        self.visited.append(self.path)
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "/stolen")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    Redirecting.visited = []
    with HTTPServer(("127.0.0.1", 0), Redirecting) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_a_redirect_is_not_followed(server: HTTPServer) -> None:
    origin = f"http://127.0.0.1:{server.server_port}"
    sender = ReplySender(frozenset({origin}))
    sender.send(f"{origin}/fine?a=1", {"text": "x"})
    with pytest.raises(DeliveryError):
        sender.send(f"{origin}/away", {"text": "x"})
    assert Redirecting.visited == ["/fine?a=1", "/away"]


def test_nobody_there_is_said() -> None:
    with HTTPServer(("127.0.0.1", 0), Redirecting) as gone:
        origin = f"http://127.0.0.1:{gone.server_port}"
    with pytest.raises(DeliveryError):
        ReplySender(frozenset({origin})).send(f"{origin}/x", {"text": "x"})
