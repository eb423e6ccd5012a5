"""Counts tokens by a tokenizer alone, for processes that load no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.ports import TokenCounterSource


def counter_source(tokenizer: str) -> TokenCounterSource:
    """How a process counts by a tokenizer, given as the text of its tokenizer.json."""
    return TokenCounterSource(f"{__name__}:make_counter", tokenizer)


def make_counter(tokenizer: str) -> Callable[[Sequence[str]], list[int]]:
    """A counter that cuts and pads nothing; special tokens are counted."""
    from tokenizers import Tokenizer

    counter = Tokenizer.from_str(tokenizer)
    counter.no_truncation()
    counter.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        return [len(encoded) for encoded in counter.encode_batch_fast(list(texts))]

    return count
