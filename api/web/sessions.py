"""Sessions of the web pages, kept in an encrypted cookie.

The cookie holds the credential that its owner signed in with, or the name and groups that an
issuer gave. A credential is verified again at every request, so a key that is revoked or has
expired ends its sessions at once; what an issuer said counts until `expires`. Any process that
shares the state folder can read the cookie. Signing out makes the browser forget the cookie, and
the service refuse it if it comes back, until it is restarted.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass

from api.identity.oidc_sign_in import SignInAttempt
from api.used_ids import LocalIds, UsedIds
from api.web.cookie_cipher import CookieCipher

_ID_BYTES = 16
_CSRF_BYTES = 32
ATTEMPT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class IssuedPerson:
    """Who signed in at an issuer: `client` names the issuer and the client there.

    `expires` is a Unix time in seconds.
    """

    name: str
    groups: tuple[str, ...]
    client: str
    expires: int


@dataclass(frozen=True, slots=True)
class Session:
    """One browser. Until its user signs in, it has neither a `credential` nor a `person`.

    `csrf` must come back in every form that the pages post.
    """

    id: str
    csrf: str
    credential: str | None = None
    person: IssuedPerson | None = None

    @property
    def is_signed_in(self) -> bool:
        return self.credential is not None or self.person is not None


def new_session(credential: str | None = None, person: IssuedPerson | None = None) -> Session:
    """A session with a fresh id and CSRF token."""
    identity, csrf = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_CSRF_BYTES)
    return Session(identity, csrf, credential, person)


class Sessions:
    """Reads and writes the cookie's value; a session lasts `seconds` from its creation at most.

    `ended` keeps the ids of sessions that were signed out.
    """

    def __init__(self, cipher: CookieCipher, seconds: int, ended: UsedIds | None = None) -> None:
        self._cipher = cipher
        self.seconds = seconds
        self._ended = LocalIds() if ended is None else ended

    def seal(self, session: Session) -> str:
        """The cookie's value. Raises CookieTooLarge."""
        return self._cipher.encrypt(asdict(session))

    def read(self, cookie: str | None) -> Session | None:
        """The session, or None for a cookie that is missing, altered, too old or signed out."""
        data = self._cipher.decrypt(cookie, self.seconds)
        if data is None:
            return None
        try:
            person = data.pop("person", None)
            session = Session(**data, person=_person(person))
        except TypeError:  # made for another purpose, or by another version
            return None
        if session.person is not None and session.person.expires <= self._cipher.now():
            return None
        return None if session.id in self._ended else session

    def end(self, session: Session) -> None:
        """Refuse this session from now on."""
        self._ended.use(session.id)

    def seconds_left(self, session: Session) -> int:
        """How long a browser may keep the cookie of a session that starts now."""
        if session.person is None:
            return self.seconds
        return min(self.seconds, session.person.expires - self._cipher.now())

    def expiry(self, seconds: int) -> int:
        """The Unix time in so many seconds."""
        return self._cipher.now() + seconds


class SignInAttempts:
    """Cookies of sign-ins at an issuer; each can be completed once, within ten minutes.

    `used` keeps the states of those that were completed.
    """

    def __init__(self, cipher: CookieCipher, used: UsedIds | None = None) -> None:
        self._cipher = cipher
        self._used = LocalIds() if used is None else used

    def seal(self, attempt: SignInAttempt) -> str:
        """The cookie's value. Raises CookieTooLarge."""
        return self._cipher.encrypt({"attempt": asdict(attempt)})

    def read(self, cookie: str | None) -> SignInAttempt | None:
        """The attempt of a cookie, None without a valid one."""
        data = self._cipher.decrypt(cookie, ATTEMPT_SECONDS)
        try:
            return SignInAttempt(**data["attempt"]) if data else None
        except (KeyError, TypeError):  # the cookie of a session
            return None

    def use(self, attempt: SignInAttempt) -> bool:
        """Whether this is the first use of the attempt."""
        return self._used.use(attempt.state)


def _person(data: object) -> IssuedPerson | None:
    if not isinstance(data, dict):
        return None
    person = IssuedPerson(**data)
    return IssuedPerson(person.name, tuple(person.groups), person.client, person.expires)
