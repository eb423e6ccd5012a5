"""The composition of the answer path: prompts, the configured model, and what checks it."""

from __future__ import annotations

from api.compose.commands import configured_classifier
from api.settings import Settings
from api.settings.ask import AskSettings
from rag.adapters.generators.llm import ModelSettings, ollama_generator, openai_generator
from rag.adapters.generators.small_model import SmallModel
from rag.adapters.prompt_files import PromptFiles
from rag.answering.answering import Answerer, AnswerSettings
from rag.answering.resilience import Resilient, RetrySettings
from rag.ports import AnswerObserver, DocumentReader, Embedder, Generator
from rag.retrieval.search import SearchEngine

# Tokens for the prompt's own words and the question, in addition to the context.
_TOKENS_OF_PROMPT = 1500


def make_answerer(
    settings: Settings,
    engine: SearchEngine,
    pages: DocumentReader,
    embedder: Embedder,
    observer: AnswerObserver,
    generator: Generator | None,
) -> Answerer:
    """Answers over one engine, with the generator or in the documents' own words."""
    chosen = settings.ask
    return Answerer(
        engine,
        pages,
        embedder,
        make_prompts(settings),
        observer,
        AnswerSettings(chosen.context_tokens, chosen.unsupported),
        generator,
        configured_classifier(settings),
    )


def make_prompts(settings: Settings) -> PromptFiles:
    """The prompts that ship, those of the configured folder over them."""
    folder = settings.prompts.folder
    return PromptFiles(settings.state_folder, folder and settings.directory / folder)


def make_generator(chosen: AskSettings, embedder: Embedder) -> Generator | None:
    """The configured model, reached at its first use; None when none is configured."""
    if chosen.provider == "none":
        return None
    retries = RetrySettings(retries=chosen.retries, deadline=chosen.deadline)
    return Resilient(_model(chosen, embedder), retries)


def _model(chosen: AskSettings, embedder: Embedder) -> Generator:
    if chosen.provider == "local":
        return SmallModel(chosen.model, chosen.temperature, chosen.max_tokens)
    made = ModelSettings(
        model=chosen.model,
        base_url=chosen.base_url,
        api_key=chosen.api_key.get_secret_value(),
        timeout=chosen.timeout,
        temperature=chosen.temperature,
        max_tokens=chosen.max_tokens,
        context_window=chosen.context_tokens + chosen.max_tokens + _TOKENS_OF_PROMPT,
    )
    make = ollama_generator if chosen.provider == "ollama" else openai_generator

    def count(text: str) -> int:
        return embedder.count_tokens([text])[0]

    return make(made, count)
