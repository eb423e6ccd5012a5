"""Language models behind HTTP, through llama-index: OpenAI-compatible servers, and Ollama.

llama-index, openai and ollama load at the first answer. Their errors are classified here: what
may go away (`ModelError`), what asks for patience (`ModelBusy`), what will not (`ModelRefused`).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator as Stream
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rag.answering.resilience import ModelBusy, ModelRefused
from rag.domain.answers import Usage
from rag.errors import ModelError

if TYPE_CHECKING:
    from llama_index.core.llms.llm import LLM

_TOO_MANY, _UNAVAILABLE = 429, 503
_MAY_GO_AWAY = frozenset({408, 409, 425, _TOO_MANY})


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Where a model is asked, and how; `timeout` is in seconds between two pieces of an answer."""

    model: str
    base_url: str
    api_key: str = ""
    timeout: float = 30.0
    temperature: float = 0.0
    max_tokens: int = 1024
    context_window: int = 8192


# What opens one conversation: an LLM with connections of its own, and what closes them.
Opener = Callable[[], "tuple[LLM, Callable[[], None]]"]


class HttpGenerator:
    """A Generator over a llama-index LLM.

    Each call has its own connection, since closing that is the only way to stop a model that
    writes: the libraries between leave a stream open for as long as they hold it.
    """

    def __init__(self, model: str, opened: Opener, count_tokens: Callable[[str], int]) -> None:
        self._model = model
        self._opened = opened
        self._count_tokens = count_tokens

    @property
    def model(self) -> str:
        return self._model

    def load(self) -> None:
        _, close = self._opened()
        close()

    def generate(self, system: str, user: str) -> Stream[str | Usage, None, None]:
        """The text as it comes; the usage is the server's own word, else it is counted here.

        A piece may be empty, such as those of a model that thinks before it writes.
        """
        from llama_index.core.base.llms.types import ChatMessage, MessageRole

        messages = [
            ChatMessage(role=MessageRole.SYSTEM, content=system),
            ChatMessage(role=MessageRole.USER, content=user),
        ]
        usage, text, finished = Usage(), "", False
        llm, close = self._opened()
        try:
            for response in llm.stream_chat(messages):
                usage = _usage(response.raw) or usage
                finished = finished or _is_last(response.raw)
                # Also without text: the caller's deadline is checked at each event.
                text += response.delta or ""
                yield response.delta or ""
        except Exception as error:
            raise _translated(error) from error
        finally:
            close()
        if not finished:
            raise ModelError("the model's server ended before the answer did")
        if not text.strip():
            raise ModelError("the model wrote nothing")
        yield Usage(
            usage.tokens_in or self._count_tokens(f"{system}\n{user}"),
            usage.tokens_out or self._count_tokens(text),
        )


def openai_generator(chosen: ModelSettings, count_tokens: Callable[[str], int]) -> HttpGenerator:
    """A model behind any server that speaks OpenAI's chat completions."""

    def opened() -> tuple[LLM, Callable[[], None]]:
        import httpx
        from llama_index.llms.openai_like import OpenAILike

        # The client imports them at its first request, and holds up every thread for a second.
        import_module("openai.resources")

        client = httpx.Client(timeout=chosen.timeout)
        # The class takes it, and its signature, which is made from its fields, does not say so.
        connection: dict[str, Any] = {"http_client": client}
        llm = OpenAILike(
            model=chosen.model,
            api_base=chosen.base_url,
            api_key=chosen.api_key or "none",  # the library refuses an empty one
            temperature=chosen.temperature,
            max_tokens=chosen.max_tokens,
            context_window=chosen.context_window,
            timeout=chosen.timeout,
            max_retries=0,  # they are made by what wraps this
            is_chat_model=True,
            additional_kwargs={"stream_options": {"include_usage": True}},
            **connection,
        )
        return llm, client.close

    return HttpGenerator(chosen.model, opened, count_tokens)


def ollama_generator(chosen: ModelSettings, count_tokens: Callable[[str], int]) -> HttpGenerator:
    """A model that Ollama runs."""

    def opened() -> tuple[LLM, Callable[[], None]]:
        from llama_index.llms.ollama import Ollama
        from ollama import Client

        key = chosen.api_key  # Ollama itself asks for none; a proxy before it may
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        client = Client(host=chosen.base_url, timeout=chosen.timeout, headers=headers)
        llm = Ollama(
            model=chosen.model,
            base_url=chosen.base_url,
            temperature=chosen.temperature,
            context_window=chosen.context_window,
            request_timeout=chosen.timeout,
            additional_kwargs={"num_predict": chosen.max_tokens},
            client=client,
        )
        return llm, client.close

    return HttpGenerator(chosen.model, opened, count_tokens)


def _is_last(raw: Any) -> bool:
    """Whether a server says that the answer has come to its end."""
    if isinstance(raw, dict):
        return bool(raw.get("done"))
    return any(choice.finish_reason for choice in getattr(raw, "choices", None) or ())


def _usage(raw: Any) -> Usage | None:
    """What a server says it used, in either of the two forms; None while it has not said."""
    if isinstance(raw, dict):
        read, wrote = raw.get("prompt_eval_count"), raw.get("eval_count")
    else:
        usage = getattr(raw, "usage", None)
        read = getattr(usage, "prompt_tokens", None)
        wrote = getattr(usage, "completion_tokens", None)
    return Usage(int(read or 0), int(wrote or 0)) if read or wrote else None


def _translated(error: Exception) -> ModelError:
    """A vendor's error as the project's own; its text, which may quote the prompt, stays inside."""
    kind = type(error).__name__
    status = getattr(error, "status_code", 0)
    if isinstance(error, ModelError):
        return error
    if status in (_TOO_MANY, _UNAVAILABLE):
        return ModelBusy(f"the model's server answers {status}", _retry_after(error))
    if isinstance(status, int) and 400 <= status < 500 and status not in _MAY_GO_AWAY:
        return ModelRefused(
            f"the model's server answers {status}; mend ask.model, ask.base_url or "
            "RUNBOOK_ASK__API_KEY"
        )
    # Ollama gives an error that comes in the midst of an answer a status of -1.
    status_text = f" {status}" if isinstance(status, int) and status > 0 else ""
    return ModelError(f"the model's server failed: {kind}{status_text}")


def _retry_after(error: Exception) -> float | None:
    # Ollama's own error has left its response in the one that it was made of.
    response = getattr(error, "response", None) or getattr(error.__context__, "response", None)
    try:
        return max(0.0, float(getattr(response, "headers", {}).get("retry-after", "")))
    except ValueError:
        return None
