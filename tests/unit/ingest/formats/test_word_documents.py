"""DOCX as Word writes it: content controls, insertions, numbered lists, styles of a template."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ingest.formats import load_binary
from ingest.reading.blocks import BlockKind
from tests.growth import superlinear

pytest.importorskip("docx")
NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def read(document: Any) -> list[tuple[BlockKind, str]]:
    buffer = io.BytesIO()
    document.save(buffer)
    return [(b.kind, b.text) for b in load_binary(".docx", buffer.getvalue()).blocks]


def made() -> Any:
    from docx import Document

    return Document()


def with_xml(document: Any, xml: str) -> None:
    from docx.oxml import parse_xml

    body = document.element.body
    body.insert(len(body) - 1, parse_xml(xml.replace(">", f" {NAMESPACE}>", 1)))


def test_content_controls_and_insertions_are_read_and_deletions_are_not() -> None:
    document = made()
    with_xml(
        document,
        "<w:p><w:r><w:t>Wait </w:t></w:r><w:ins><w:r><w:t>fifteen </w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>five </w:delText></w:r></w:del>"
        "<w:r><w:t>minutes.</w:t></w:r></w:p>",
    )
    with_xml(
        document,
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>Call the vendor.</w:t></w:r></w:p></w:sdtContent>"
        "</w:sdt>",
    )
    with_xml(
        document,
        "<w:p><w:r><w:t>Owner: </w:t></w:r><w:sdt><w:sdtContent><w:r><w:t>storage</w:t></w:r>"
        "</w:sdtContent></w:sdt></w:p>",
    )
    assert read(document) == [
        (BlockKind.PARAGRAPH, "Wait fifteen minutes."),
        (BlockKind.PARAGRAPH, "Call the vendor."),
        (BlockKind.PARAGRAPH, "Owner: storage"),
    ]


def test_numbered_paragraphs_are_steps_and_count_on() -> None:
    document = made()
    step = "<w:p><w:pPr><w:numPr><w:ilvl w:val='0'/><w:numId w:val='77'/></w:numPr></w:pPr>{}</w:p>"
    for text in ("Look.", "Fail over."):
        with_xml(document, step.format(f"<w:r><w:t>{text}</w:t></w:r>"))
    document.add_paragraph("It takes a minute.")
    with_xml(document, step.format("<w:r><w:t>Look again.</w:t></w:r>"))
    assert read(document) == [
        (BlockKind.STEP, "1. Look."),
        (BlockKind.STEP, "2. Fail over."),
        (BlockKind.PARAGRAPH, "It takes a minute."),
        (BlockKind.STEP, "3. Look again."),
    ]


def test_styles_of_a_template_are_those_that_they_are_based_on() -> None:
    from docx.enum.style import WD_STYLE_TYPE

    document = made()
    heading = document.styles.add_style("Team Section", WD_STYLE_TYPE.PARAGRAPH)
    heading.base_style = document.styles["Heading 2"]
    document.styles.add_style("Source Code", WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("Undo", style="Team Section")
    document.add_paragraph("ctl failover --to A", style="Source Code")
    document.add_paragraph("ctl status", style="Source Code")
    assert read(document) == [
        (BlockKind.HEADING, "Undo"),
        (BlockKind.CODE, "ctl failover --to A\nctl status"),
    ]


def hostile(count: int) -> bytes:
    """So many styles based on each other, and lists that share a definition, each used once."""
    from docx.oxml import parse_xml

    document = made()
    styles = document.styles.element
    numbering = document.part.numbering_part.element
    levels = "".join(f"<w:lvl w:ilvl='{n}'><w:numFmt w:val='decimal'/></w:lvl>" for n in range(9))
    abstract = f"<w:abstractNum {NAMESPACE} w:abstractNumId='999'>{levels}</w:abstractNum>"
    numbering.append(parse_xml(abstract))
    for number in range(count):
        styles.append(
            parse_xml(
                f"<w:style {NAMESPACE} w:type='paragraph' w:styleId='s{number}'>"
                f"<w:name w:val='style {number}'/><w:basedOn w:val='s{number - 1}'/></w:style>"
            )
        )
        numbering.append(
            parse_xml(
                f"<w:num {NAMESPACE} w:numId='{1000 + number}'><w:abstractNumId w:val='999'/>"
                "</w:num>"
            )
        )
        with_xml(
            document,
            f"<w:p><w:pPr><w:pStyle w:val='s{number}'/><w:numPr><w:ilvl w:val='0'/>"
            f"<w:numId w:val='{1000 + number}'/></w:numPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p>",
        )
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_time_grows_linearly_with_styles_and_lists() -> None:
    files = {count: hostile(count) for count in (400, 1600)}
    assert (
        superlinear(
            lambda name: load_binary(".docx", files[len(name)]), lambda count: "x" * count, 1600
        )
        is None
    )
    assert len(load_binary(".docx", files[400]).blocks) == 400
