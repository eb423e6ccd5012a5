"""What is fuzzed: functions over bytes that raise for a finding, and for nothing else.

Each target makes its function when it is asked for, so that the fuzzer can instrument the modules
that it imports. An error that is part of a function's promise (QuarantineError) is no finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from rag.errors import QuarantineError

SEEDS = Path(__file__).parent / "corpus"
Check = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Target:
    """A function under test, and the budget of one input.

    `instrumented` are packages whose branches guide the fuzzer, `words` are what it may put into an
    input. One input may be `max_bytes` long and take `seconds` of wall time and, with the process
    around it, `memory_mib` of memory.
    """

    make: Callable[[], Check]
    instrumented: tuple[str, ...] = ("ingest", "rag")
    words: tuple[str, ...] = ()
    max_bytes: int = 16_384
    seconds: int = 5
    memory_mib: int = 1024


def _text_reader(suffix: str) -> Callable[[], Check]:
    def make() -> Check:
        from ingest.formats import load_text
        from ingest.reading.decode import decode

        load_text(suffix, "x", 1)  # the module of the format is imported while it is instrumented

        def check(data: bytes) -> None:
            with suppress(QuarantineError):
                text = decode(data)
                _check_lines(load_text(suffix, text, 1).blocks, text.count("\n") + 1)

        return check

    return make


def _binary_reader(suffix: str) -> Callable[[], Check]:
    def make() -> Check:
        from ingest.formats import load_binary

        with suppress(QuarantineError):
            load_binary(suffix, b"")

        def check(data: bytes) -> None:
            with suppress(QuarantineError):
                load_binary(suffix, data)

        return check

    return make


def _check_lines(blocks: Sequence[object], lines: int) -> None:
    from ingest.reading.blocks import Block

    last = 0
    for block in blocks:
        if not isinstance(block, Block):
            raise AssertionError(f"{block!r} is no block")
        if not 1 <= block.lines.first <= block.lines.last <= lines or block.lines.first < last:
            raise AssertionError(f"block at {block.lines} of {lines} lines, after line {last}")
        last = block.lines.first


def _front_matter() -> Check:
    from ingest.reading.decode import decode
    from ingest.reading.front_matter import own_acl, parse_front_matter

    def check(data: bytes) -> None:
        with suppress(QuarantineError):
            text = decode(data)
            with suppress(QuarantineError):
                own_acl(text)
            found = parse_front_matter(text)
            before = text.count("\n") - found.body.count("\n")
            if found.body and before != found.body_first_line - 1:
                raise AssertionError("the body does not begin on the line that is given")

    return check


def _chunker() -> Check:
    from ingest.chunking.chunker import Chunker, ChunkSettings
    from ingest.formats import load_text
    from ingest.reading.decode import decode

    chunker = Chunker(_count_words, ChunkSettings(max_tokens=48, min_tokens=12))

    def check(data: bytes) -> None:
        with suppress(QuarantineError):
            text = decode(data)
            loaded = load_text(".md", text, 1)
            chunks = chunker.chunk("document", loaded.title or "Title", loaded.blocks)
            kept = "".join("".join(chunk.text.split()) for chunk in chunks)
            given = "".join("".join(block.text.split()) for block in loaded.blocks)
            if kept != given:
                raise AssertionError("the chunks do not hold every block, in order")

    return check


def _count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) + 2 for text in texts]


def _parse() -> Check:
    """A Markdown file as an ingest reads it, with the warnings about what speaks to a model."""
    from ingest.chunking.chunker import Chunker
    from ingest.reading.acl_rules import EffectiveAcl
    from ingest.reading.parse import RawFile, parse
    from ingest.reading.scan import scan
    from rag.domain.documents import AclOrigin

    chunker = Chunker(_count_words)

    def resolve(_: str, own: frozenset[str] | None) -> EffectiveAcl:
        return EffectiveAcl(own or frozenset(), AclOrigin.DOCUMENT)

    def check(data: bytes) -> None:
        raw = RawFile("fuzz", "a/page.md", data, "r", datetime(2026, 1, 1, tzinfo=UTC))
        with suppress(QuarantineError):
            _, chunks = parse(raw, resolve, chunker, "https://example.test/{path}")
            scan(raw.source, raw.path, raw.data, chunks)

    return check


def _redaction() -> Check:
    from rag.guardrails.redaction import find_secrets, redacted

    def check(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        end = 0
        for secret in find_secrets(text):
            if not end <= secret.start < secret.end <= len(text):
                raise AssertionError(f"{secret} overlaps what ends at {end}, or is outside")
            if secret.line != text.count("\n", 0, secret.start) + 1:
                raise AssertionError(f"{secret} is on another line")
            end = secret.end
        redacted(text)

    return check


def _neutralising() -> Check:
    from rag.guardrails.injection import signs_in
    from rag.guardrails.neutralising import neutralised, one_line
    from rag.text.markdown import markdown_text

    def check(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        neutralised(markdown_text(text))
        signs_in(text)
        if "\n" in one_line(text):
            raise AssertionError("one line has several")

    return check


def _command_risk() -> Check:
    from rag.command_risk.classify import shipped_classifier
    from rag.domain.documents import Risk

    classify = shipped_classifier().classify

    def check(data: bytes) -> None:
        if not isinstance(classify(data.decode("utf-8", "replace")), Risk):
            raise AssertionError("a risk is expected")

    return check


def _model_output() -> Check:
    from fuzz.model_output import check

    return check


_MARKDOWN = (
    "```bash\n",
    "~~~\n",
    "> ",
    "- ",
    "1. ",
    "| a | b |\n|---|---|\n",
    "\n\n",
    "# ",
    "<!--",
)
_SHELL = ("sudo ", "bash -c '", "$(", " | xargs ", " && ", "rm -rf /", "<<EOF\n", "kubectl ", "`")
_YAML = ("---\n", "acl: ", "[public]", "title: ", "- ", "&a ", "*a", "!!python/", "? ", "{", "|\n ")

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "markdown": Target(_text_reader(".md"), ("ingest", "rag", "markdown_it"), _MARKDOWN),
        "plain_text": Target(_text_reader(".txt"), words=("====\n", "- ", "$ ", "    ", "```\n")),
        "restructured_text": Target(
            _text_reader(".rst"), words=(".. code-block:: sh\n\n   ", "::\n\n ", "====\n", "- ")
        ),
        "asciidoc": Target(
            _text_reader(".adoc"),
            words=("----\n", "|===\n", "== ", "[source,sh]\n", "====\n", "+\n"),
        ),
        "html": Target(
            _text_reader(".html"),
            ("ingest", "rag", "lxml"),
            (
                "<table>",
                "<tr><td>",
                "<pre><code>",
                "</li>",
                "<ol start=",
                "<!--",
                "<![CDATA[",
                "&#",
            ),
        ),
        "notebook": Target(
            _binary_reader(".ipynb"),
            ("ingest", "rag", "nbformat"),
            ('"cells":[', '"cell_type":"code"', '"source":[', '"nbformat":4', '"metadata":{}'),
        ),
        "pdf": Target(
            _binary_reader(".pdf"),
            ("ingest", "pypdf"),
            (
                "obj\n",
                "endobj",
                "stream\n",
                "/FlateDecode",
                "/Kids[",
                "/Parent ",
                "xref",
                "startxref",
            ),
        ),
        "docx": Target(_binary_reader(".docx"), ("ingest", "docx", "zipfile")),
        "front_matter": Target(_front_matter, words=_YAML),
        "chunker": Target(_chunker, words=_MARKDOWN),
        "parse": Target(_parse, words=(*_YAML, *_MARKDOWN, *_SHELL)),
        "redaction": Target(
            _redaction,
            words=("password=", "eyJ", "AKIA", "-----BEGIN ", "Bearer ", "secret: ", "://"),
        ),
        "neutralising": Target(
            _neutralising,
            words=("system: ", "<|im_start|>", "[1]", "ignore all", "</", "`", "\u200b"),
        ),
        "model_output": Target(
            _model_output,
            words=("[1]", "[99]", "```\n", "![a](", "](", "<img ", "_(", "> ", "### "),
        ),
        "command_risk": Target(_command_risk, words=_SHELL),
    }
)


def seeds(name: str) -> list[Path]:
    """The inputs that the target starts from, findings that were mended among them."""
    return sorted(path for path in (SEEDS / name).iterdir() if path.is_file())
