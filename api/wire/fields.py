"""What every door asks of the texts that it is given."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

_MAX_NAME = 200


def storable(text: str) -> str:
    """The text itself, if every store and tokenizer can take it."""
    # JSON can spell half a surrogate pair; no store and no tokenizer takes one.
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise PydanticCustomError("unicode", "Input should be valid Unicode text")
    return text


Question = Annotated[str, Field(min_length=1), AfterValidator(storable)]
Name = Annotated[str, Field(min_length=1, max_length=_MAX_NAME), AfterValidator(storable)]
