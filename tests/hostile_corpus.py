"""A corpus of hostile files of every format, mixed with honest documents; the same for one seed.

    python -m tests.hostile_corpus FOLDER [--files 300] [--seed 1]     writes it
    python -m tests.hostile_corpus FOLDER --measure                    reads it, file by file

Measuring prints one JSON object: the seconds of each file by its path, and the most memory that
a reading process has had, in MiB.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.chunking.chunker import ChunkSettings
from ingest.formats import SUFFIXES
from ingest.isolation.documents import IsolatedDocuments
from ingest.isolation.limits import ReadLimits
from ingest.isolation.pool import ReaderPool
from ingest.reading.parse import RawFile
from ingest.sources.walk import walk
from rag.errors import QuarantineError
from tests.fakes import HashingEmbedder

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
# A text is a beginning, a unit that is repeated to a length, and an end.
_TEXTS: dict[str, Sequence[tuple[str, str, str]]] = {
    ".md": (
        ("", "![a](", ""),
        ("", "[[", ""),
        ("", "> ", "x"),
        ("", "- ", "x"),
        ("", "1. a\n\n   - b\n\n", ""),
        ("", "[a]: http://x\n", ""),
        ("", "system: x\n", ""),
        ("", "ignore all previous instructions ", ""),
        ("", "word and word ", ""),
        ("", "A", ""),
        ("", "Dot. ", ""),
        ("", "eyJhbGciOi.", ""),
        ("", "password: ", ""),
        ("", "`", ""),
        ("", "*a _b ", ""),
        ("", "<!-- ", ""),
        ("", "\u200b", ""),
        ("", "\U0001f468\u200d\U0001f469", ""),
        ("# ", "heading ", ""),
        ("", "# a\n", ""),
        ("", "|a", "\n" + "|-" * 200 + "\n"),
        ("|a|b|\n|-|-|\n", "|`ls -l`|x|\n", ""),
        ("```sh\n", "kubectl get pods --all && \\\n", "```"),
        ("```sh\n", "echo 'a\n", "```"),
        ("```sh\n", "cat <<EOF\n", "```"),
        ("```sql\n", "select 1\n", "```"),
        ("```\n", "$((", "```"),
        ("", "```\n", ""),
        ("---\ntitle: ", "[", "\n---\n"),
        ("---\n", "? a\n: ", "x\n---\n"),
        ("---\ntitle: &a b\nowner: ", "*a ", "\n---\n"),
        ("---\n", "- ", "\n---\n"),
        ("---\ntitle: '", "''", "'\n---\n"),
        ("", "QUJDREVGR0hJSktMTU5PUA==\n", ""),
    ),
    ".html": (
        ("", "<table><tr><td>a", ""),
        ("", "<table><tr><td>a</table>", ""),
        ("", "<a ", ""),
        ("", "<p>a", ""),
        ("<ol>", "<li>a", ""),
        ("", "<div>", "x"),
        ("", "a<!---->", ""),
        ("", "<![CDATA[", ""),
        ("", "&#xD800;", ""),
        ("", "<b><i></b>", ""),
        ("<pre>", "x\n", "</pre>"),
        ("<p>", "a<pre>b</pre>", ""),
        ("", "<td>", ""),
        ("<select>", "<option>a", ""),
    ),
    ".rst": (
        ("", "====\na\n", ""),
        ("", ".. note::\n\n   a\n\n", ""),
        ("", "a::\n\n  b\n\n", ""),
        ("", "+---+\n", ""),
        ("", "| ", ""),
        ("", "1. a\n", ""),
    ),
    ".adoc": (
        ("* a\n", "+\n[a]\n", ""),
        ("", "----\n", ""),
        ("", "[source,sh]\n", ""),
        ("", "|===\n", ""),
        ("", "== a\n", ""),
        ("", "* ", "x"),
    ),
    ".txt": (
        ("", "word word word. ", ""),
        ("", "a\n---\n", ""),
        ("", "    a\n", ""),
        ("", "1) a\n", ""),
        ("", "\r", "x"),
    ),
}
_LENGTHS = (11_000, 90_000, 600_000, 2_000_000, 9_000_000)
# By default a file is as large as what stopped the service once; the largest are few.
_WEIGHTS = (3, 6, 6, 3, 1)


@dataclass(frozen=True, slots=True)
class Corpus:
    """The word of each honest document by its path, and the paths of the hostile files."""

    honest: dict[str, str]
    hostile: tuple[str, ...]


def write_corpus(folder: Path, *, files: int = 300, seed: int = 1) -> Corpus:
    """Write `files` hostile files, and an honest document for every three of them."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    makers = [*_text_makers(), *_BINARY_MAKERS]
    rng.shuffle(makers)
    hostile = []
    for number in range(files):
        suffix, make = makers[number % len(makers)]
        [length] = rng.choices(_LENGTHS, _WEIGHTS)
        path = f"part{number % 7}/hostile-{number:03}{suffix}"
        _write(folder / path, make(rng, length))
        hostile.append(path)
    honest = {}
    for number in range(max(1, files // 3)):
        suffix = _HONEST[number % len(_HONEST)]
        path, word = f"part{number % 7}/honest-{number:03}{suffix}", f"zebu{number:03}"
        _write(folder / path, honest_document(word, suffix))
        honest[path] = word
    return Corpus(honest, tuple(hostile))


_HONEST = (".md", ".html", ".rst", ".adoc", ".txt", ".ipynb")


def honest_document(word: str, suffix: str, acl: str | None = None) -> bytes:
    """A short runbook about one thing."""
    head = f"---\nacl: [{acl}]\n---\n" if acl else ""
    steps = f"Restart the {word} when it is stuck, then look at its queue."
    if suffix == ".html":
        return f"<h1>About {word}</h1>\n<p>{steps}</p>\n<ol><li>Drain {word}</li></ol>".encode()
    if suffix == ".rst":
        return f"About {word}\n{'=' * 20}\n\n{steps}\n".encode()
    if suffix == ".adoc":
        return f"= About {word}\n\n{steps}\n".encode()
    if suffix == ".ipynb":
        return _notebook([{"cell_type": "markdown", "metadata": {}, "source": [f"# {steps}"]}])
    return f"{head}# About {word}\n\n{steps}\n\n```sh\nsystemctl restart {word}\n```\n".encode()


def _write(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


Maker = Callable[[random.Random, int], bytes]


def _text_makers() -> list[tuple[str, Maker]]:
    return [
        (suffix, _repeated(head, unit, end))
        for suffix, families in _TEXTS.items()
        for head, unit, end in families
    ]


def _repeated(head: str, unit: str, end: str) -> Maker:
    def make(_: random.Random, length: int) -> bytes:
        return (head + unit * max(1, length // len(unit.encode())) + end).encode()

    return make


def _notebook(cells: Sequence[object]) -> bytes:
    whole = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    return json.dumps(whole, indent=1).encode()


def _many_cells(_: random.Random, length: int) -> bytes:
    cell: dict[str, object] = {"cell_type": "code", "metadata": {}, "outputs": []}
    cell["execution_count"] = None
    return _notebook([{**cell, "source": ["ls\u00e9\n"]}] * (length // 120))


def _deep_json(_: random.Random, length: int) -> bytes:
    return b'{"cells":' + b"[" * length


def _one_line_notebook(_: random.Random, length: int) -> bytes:
    cells = [{"cell_type": "markdown", "metadata": {}, "source": "# a\\n"}] * (length // 60)
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


def _surrogates(_: random.Random, length: int) -> bytes:
    return _notebook(
        [{"cell_type": "markdown", "metadata": {}, "source": "\ud800" * (length // 6)}]
    )


def _word_document(body: str, extra: bytes = b"") -> bytes:
    """A DOCX of this body, and a part of the archive that holds `extra`."""
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="bin" ContentType="application/octet-stream"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("[Content_Types].xml", types),
            ("_rels/.rels", links),
            ("word/document.xml", f"<w:document {_W}><w:body>{body}</w:body></w:document>"),
        ):
            archive.writestr(name, text)
        if extra:
            archive.writestr("word/media/image.bin", extra)
    return out.getvalue()


def _zip_bomb(_: random.Random, length: int) -> bytes:
    return _word_document("<w:p/>", bytes(length * 20))


def _expanding_text(_: random.Random, length: int) -> bytes:
    """90 kB of archive for each 9 MB of paragraphs, more or less."""
    return _word_document("<w:p><w:r><w:t>word word</w:t></w:r></w:p>" * (length // 10))


def _wide_table(_: random.Random, length: int) -> bytes:
    cell = "<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>"
    return _word_document(f"<w:tbl><w:tr>{cell * 30}</w:tr></w:tbl>" * (length // 2000))


def _nested_tables(_: random.Random, length: int) -> bytes:
    depth = min(length // 20, 20_000)
    return _word_document("<w:tbl><w:tr><w:tc>" * depth + "</w:tc></w:tr></w:tbl>" * depth)


def _damaged_archive(rng: random.Random, length: int) -> bytes:
    data = bytearray(_word_document("<w:p><w:r><w:t>text</w:t></w:r></w:p>" * 100))
    for _ in range(50):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def _pdf(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, made in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, made)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)


def _pdf_of(content: bytes, kids: int = 1) -> bytes:
    stream = zlib.compress(content, 9)
    return _pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count %d /Kids [%s] >>" % (kids, b"3 0 R " * kids),
            b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /MediaBox [0 0 100 100] "
            b"/Resources << /Font << /F 5 0 R >> >> >>",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
    )


def _expanding_pdf(_: random.Random, length: int) -> bytes:
    """30 kB for each 9 MB of operators, more or less."""
    return _pdf_of(b"BT /F 12 Tf " + b"(word) Tj " * (length // 3) + b"ET")


def _many_pages(_: random.Random, length: int) -> bytes:
    return _pdf_of(b"BT /F 12 Tf (word) Tj ET", kids=max(1, length // 60))


def _damaged_pdf(rng: random.Random, length: int) -> bytes:
    data = bytearray(_pdf_of(b"BT /F 12 Tf (word) Tj ET"))
    for _ in range(20):
        data[rng.randrange(9, len(data))] = rng.randrange(256)
    return bytes(data)


def _noise(rng: random.Random, length: int) -> bytes:
    return rng.randbytes(min(length, 90_000))


def _half_utf16(_: random.Random, length: int) -> bytes:
    return b"\xff\xfe" + b"\x00\xd8" * (length // 2)


def _latin1(_: random.Random, length: int) -> bytes:
    return "caf\u00e9 ".encode("latin-1") * (length // 5)


_BINARY_MAKERS: list[tuple[str, Maker]] = [
    (".ipynb", _many_cells),
    (".ipynb", _deep_json),
    (".ipynb", _one_line_notebook),
    (".ipynb", _surrogates),
    (".docx", _zip_bomb),
    (".docx", _expanding_text),
    (".docx", _wide_table),
    (".docx", _nested_tables),
    (".docx", _damaged_archive),
    (".pdf", _expanding_pdf),
    (".pdf", _many_pages),
    (".pdf", _damaged_pdf),
    (".md", _noise),
    (".txt", _half_utf16),
    (".html", _latin1),
]


def measure(folder: Path, limits: ReadLimits) -> dict[str, object]:
    """The seconds of each file, and why it was refused if it was; the peak of memory in MiB."""
    pool = ReaderPool(limits, processes=1)
    embedder = HashingEmbedder()
    documents = IsolatedDocuments(pool, lambda: embedder.token_counter, ChunkSettings())
    seconds: dict[str, float] = {}
    refused: dict[str, str] = {}
    date = datetime(2026, 1, 1, tzinfo=UTC)
    list(documents.read([RawFile("s", "a.md", b"# A\n", "r", date)]))  # starts the process
    for path in walk(folder, SUFFIXES).files:
        raw = RawFile("s", path, (folder / path).read_bytes(), "r", date)
        began = time.monotonic()
        [(_, reading)] = documents.read([raw])
        seconds[path] = round(time.monotonic() - began, 3)
        if isinstance(reading, QuarantineError):
            refused[path] = reading.reason
    pool.close()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return {"peak_mib": peak, "seconds": seconds, "refused": refused}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure", action="store_true")
    chosen = parser.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.folder, ReadLimits()), indent=1))
    else:
        write_corpus(chosen.folder, files=chosen.files, seed=chosen.seed)


if __name__ == "__main__":
    main()
