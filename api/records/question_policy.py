"""What the query log keeps of a question: its redacted text, a keyed hash of it, or neither."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable
from dataclasses import dataclass

from rag.guardrails.redaction import redacted


@dataclass(frozen=True, slots=True)
class KeptQuestion:
    """At most one of the two is set."""

    text: str | None = None
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class QuestionPolicy:
    """`sample` is the share of questions that are kept; with `hash_key` only as a hash.

    The hash is HMAC-SHA256 of the question without differences in letter case and white space, so
    that equal questions can be counted, and not guessed without the key.
    """

    keep: bool = True
    hash_key: bytes | None = None
    sample: float = 1.0
    random: Callable[[], float] = random.random

    def kept(self, question: str) -> KeptQuestion:
        """What to store of this question."""
        if not self.keep or self.random() >= self.sample:
            return KeptQuestion()
        if self.hash_key is None:
            return KeptQuestion(text=redacted(question))
        normal = " ".join(question.casefold().split()).encode("utf-8", "replace")
        return KeptQuestion(hash=hmac.new(self.hash_key, normal, hashlib.sha256).hexdigest())
