"""What /v1/chat/completions takes and gives, in OpenAI's shapes.

OpenAI's clients send many parameters that mean nothing here: those are accepted and ignored.
What would change the shape of the answer is refused, so that no client waits for what never comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.wire.fields import storable
from rag.domain.answers import Turn

_MAX_MESSAGES = 1000

# Parameters that ask for something else than one text, with the values that ask for nothing.
_UNSUPPORTED: Mapping[str, Sequence[object]] = {
    "n": (None, 1),
    "response_format": (None, {"type": "text"}),
    "logprobs": (None, False),
    "audio": (None,),
    "modalities": (None, [], ["text"]),
    "web_search_options": (None,),
}

# With these an answer in text is valid; a client that demands a call would wait for ever.
_TEXT_ALLOWED = (None, "none", "auto")

Text = Annotated[str, AfterValidator(storable)]


def _no_text(kind: str) -> str:
    if kind == "text":
        raise ValueError("a part of type text needs `text`")
    return kind


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TextContent(_Model):
    type: Literal["text"]
    text: Text


class OtherContent(_Model):
    """A part that holds no text: an image, audio, a file, a refusal."""

    type: Annotated[str, AfterValidator(_no_text)]


class ChatMessage(_Model):
    """A turn. Only what users and assistants said is read; instructions of a client are not."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[TextContent | OtherContent] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if isinstance(part, TextContent))

    @property
    def other_part(self) -> str | None:
        """The type of a part that is no text, if there is one."""
        parts = self.content if isinstance(self.content, list) else []
        return next((part.type for part in parts if isinstance(part, OtherContent)), None)


class StreamOptions(_Model):
    include_usage: bool = False


class ChatRequest(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    model: Text
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=_MAX_MESSAGES)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    @property
    def unsupported(self) -> str | None:
        """The first parameter that asks for what is not offered."""
        given: dict[str, Any] = self.model_extra or {}
        if given.get("tool_choice") not in _TEXT_ALLOWED:
            return "tool_choice"
        if given.get("function_call") not in _TEXT_ALLOWED:
            return "function_call"
        asked = (name for name, idle in _UNSUPPORTED.items() if given.get(name) not in idle)
        return next(asked, None)

    @property
    def unread_part(self) -> str | None:
        """The type of a part of the question that cannot be read, such as an image."""
        return self.messages[self._last].other_part if self._last is not None else None

    @property
    def question(self) -> str:
        """What the user said last; empty when no user said anything."""
        return self.messages[self._last].text.strip() if self._last is not None else ""

    @property
    def history(self) -> list[Turn]:
        """What user and assistant said before the question."""
        before = self.messages[: self._last]
        return [
            Turn(message.role, message.text)
            for message in before
            if message.role in ("user", "assistant") and message.text
        ]

    @property
    def _last(self) -> int | None:
        spoken = [n for n, message in enumerate(self.messages) if message.role == "user"]
        return spoken[-1] if spoken else None


class ModelDescription(_Model):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(_Model):
    object: Literal["list"]
    data: list[ModelDescription]
