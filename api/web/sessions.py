"""Sessions of the web pages, kept in an encrypted cookie.

The cookie holds the credential that its owner signed in with. It is verified again at every
request, so a key that is revoked or has expired ends its sessions at once, and any process that
shares the state folder can read the cookie. Signing out makes the browser forget the cookie, and
this process refuse it if it comes back.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property

from cryptography.fernet import Fernet, InvalidToken

_ID_BYTES = 16
_CSRF_BYTES = 32
# A cookie with more than a browser stores (4096 bytes with its attributes) was not made here.
_MAX_COOKIE = 4096
_MAX_ENDED = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """One browser. `credential` is None until its user signs in.

    `csrf` must come back in every form that the pages post.
    """

    id: str
    csrf: str
    credential: str | None = None


def new_session(credential: str | None = None) -> Session:
    """A session with a fresh id and CSRF token."""
    return Session(secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_CSRF_BYTES), credential)


class Sessions:
    """Reads and writes the cookie's value; a session lasts `seconds` from its creation.

    `secret` provides 32 bytes, and is called when the first cookie is read or written.
    """

    def __init__(
        self,
        secret: Callable[[], bytes],
        seconds: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret = secret
        self.seconds = seconds
        self._clock = clock
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._ending = threading.Lock()

    def seal(self, session: Session) -> str:
        """The cookie's value."""
        data = json.dumps(asdict(session), separators=(",", ":")).encode()
        return self._cipher.encrypt_at_time(data, int(self._clock())).decode()

    def read(self, cookie: str | None) -> Session | None:
        """The session, or None for a cookie that is missing, altered, too old or signed out."""
        if cookie is None or len(cookie) > _MAX_COOKIE:
            return None
        try:
            data = self._cipher.decrypt_at_time(cookie, self.seconds, int(self._clock()))
            session = Session(**json.loads(data))
        except (InvalidToken, TypeError, ValueError):  # not ours, or made by another version
            return None
        return None if session.id in self._ended else session

    def end(self, session: Session) -> None:
        """Refuse this session from now on, in this process."""
        with self._ending:
            self._ended[session.id] = None
            while len(self._ended) > _MAX_ENDED:
                self._ended.popitem(last=False)

    @cached_property
    def _cipher(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._secret()))
