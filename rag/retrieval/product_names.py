"""Names in a question that a document is expected to mention: products and error codes.

Products are known in any letter case, from a static list (product_names.txt, made by
training/product_names.py).
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from rag.retrieval.relevance import significant_words
from rag.text.identifiers import identifiers_in, is_error_code
from rag.text.stemming import stem

_MAX_NAMES = 16  # of a log excerpt


def names_of(question: str) -> list[str]:
    """The names, in lower case, without repetition; the first of very many."""
    codes = [name.lower() for name in identifiers_in(question) if is_error_code(name)]
    products = (word for word in significant_words(question) if stem(word) in _known())
    return list(dict.fromkeys([*codes, *sorted(products)]))[:_MAX_NAMES]


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    text = resources.files("rag.retrieval").joinpath("product_names.txt").read_text("utf-8")
    return frozenset(text.split())
