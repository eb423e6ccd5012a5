"""Prose of a document as Markdown that renders as its words, and as nothing that a program says.

An answer's own words are headings, block quotes, citation markers `[1]` and remarks `_(...)_`.
Prose of a document is escaped so that it renders as none of these, and as no image, HTML or link
to a script; its code spans stay byte for byte. Every step is linear in the length of the prose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape

from rag.guardrails.injection import HIDDEN_CHARACTERS
from rag.guardrails.redaction import REDACTED, find_secrets
from rag.text.code_spans import Span, code_spans, masked, without_comments
from rag.text.sentences import sentences

AddressFilter = Callable[[str], bool]
_Edit = tuple[int, int, str]

_MAX_ADDRESS = 2000
_CODE = "\0"  # stands for a character of code while prose is looked at
_PUNCTUATION = r"!-/:-@\[-`{-~"
# Characters that show nothing and are common for honest reasons: emoji are written with some.
_INVISIBLE = "\u00ad\u200d\u200e\u200f\ufe0f\ufeff"
_KEPT_INVISIBLE = frozenset(_INVISIBLE)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_TOKEN = re.compile(rf"\\[{_PUNCTUATION}]|`+|!\[|\[|\]|<|[*_]+")
_DESTINATION = re.compile(
    rf"\([ \t\n]*+(?:<(?P<bracketed>[^<>\n\0]{{0,{_MAX_ADDRESS}}})>"
    rf"|(?P<bare>(?:[^\s()<>\\\0]|\\[{_PUNCTUATION}]|\\(?![{_PUNCTUATION}])"
    rf"|\([^\s()<>\\\0]{{0,{_MAX_ADDRESS}}}\)){{0,{_MAX_ADDRESS}}}+))"
    r"(?:[ \t\n]++(?:\"[^\"\\\0]{0,300}+\"|'[^'\\\0]{0,300}+'|\([^()\\\0]{0,300}+\)))?+"
    r"[ \t\n]*+\)"
)
_ESCAPED_PUNCTUATION = re.compile(rf"\\([{_PUNCTUATION}])")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PLAIN_SCHEMES = ("http:", "https:", "mailto:")
_HTML = re.compile(r"<(?!br ?/?>)[A-Za-z/!?]")
_NOISE = rf"[*_~\[!\\<{_INVISIBLE}]"
_PARENTHESIS = r"(?:[(\uff08\ufe59]|&(?:lpar|#0{0,6}40|#[xX]0{0,6}28);)"
# Emphasis that begins with a parenthesis renders as a remark does, whatever stands in between.
_REMARK = re.compile(rf"{_NOISE}{{8}}|{_NOISE}{{0,7}}{_PARENTHESIS}")
_MAX_MARKER = 40
_BETWEEN = rf"[\s*_,;\u2013{_INVISIBLE}-]"
_MARKER = re.compile(rf"{_BETWEEN}*+\^?\d++(?:{_BETWEEN}++\d++)*+{_BETWEEN}*+")
_OWN_MARKER = re.compile(r"\d{1,4}")
# A rule, the underline of a heading, or the line below the head of a table.
_RULE = re.compile(r"(?=[|: \t]*+[-_*=])[-_*=|: \t]+")
_LEAD = re.compile(r"#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|\d{1,9}(?=[.)](?:\s|$))|~{3,}")
_INSIDE = re.compile(r"[.!?\s`]")


class Unquotable(ValueError):
    """Prose that cannot be escaped without a change of its code."""


@dataclass(slots=True)
class Attribution:
    """What stands behind each sentence: its marker, and once the remark on all of them.

    With `sparse` it stands behind the last sentence of a paragraph, and the marker with a remark
    alone: the line above the quotation cites it.
    """

    marker: int
    remark: str = ""
    given: bool = False
    sparse: bool = False

    def __str__(self) -> str:
        return f"[{self.marker}]"

    def take(self) -> str:
        """The marker, and the remark where it was not given yet; empty where neither is due."""
        remark, self.remark, self.given = self.remark, "", True
        if remark:
            return f"{self} _({remark})_"
        return "" if self.sparse else str(self)


@dataclass(frozen=True, slots=True)
class _Brackets:
    """Square brackets that match; `end` is behind the address of a link, else behind them.

    `inner` is where the text between them starts. `address` is None where there is none.
    """

    start: int
    inner: int
    close: int
    end: int
    address: str | None

    @property
    def is_image(self) -> bool:
        return self.inner - self.start > 1


def is_plain_address(address: str) -> bool:
    """Whether a link's address leads to a web page, a mailbox, or a place relative to the page."""
    plain = unescape(_ESCAPED_PUNCTUATION.sub(r"\1", address))
    bare = "".join(char for char in plain if char.isprintable() and not char.isspace())
    scheme = _SCHEME.match(bare)
    if scheme is not None:
        return scheme.group().lower() in _PLAIN_SCHEMES
    # A colon before the first slash may be read as the end of a scheme.
    return not bare.startswith(("//", "\\", "/\\")) and ":" not in bare.split("/")[0]


def escaped(
    prose: str,
    attribution: Attribution | None = None,
    keeps: AddressFilter = is_plain_address,
    *,
    markers: bool = False,
) -> str:
    """One paragraph of a document, escaped, with its attribution behind each of its sentences.

    Links that `keeps` does not take become their text, images their description; comments go.
    With `markers` those of the prose are kept, as in a model's line, whose markers are checked.
    Raises Unquotable where code that goes over lines would begin a block on one of them.
    """
    return _with_escaped_leads(_inline(prose, attribution, keeps, markers))


def label(text: str) -> str:
    """A title, heading or path as words of a line that the program writes."""
    return _inline(" ".join(text.split()), None, is_plain_address, markers=False)


def _inline(
    prose: str, attribution: Attribution | None, keeps: AddressFilter, markers: bool
) -> str:
    text = _without_foreign(_visible(prose), keeps).strip()
    if not text:
        return ""
    spans = code_spans(text)
    found = [one for one in _brackets(text, spans) if not (markers and _is_marker(one, text))]
    edits = list(_escapes(text, spans, found, keeps))
    if attribution is not None:
        whole = [*spans, *((one.start, one.end) for one in found if one.address is not None)]
        ends = _sentence_ends(text, whole)
        for end in ends[-1:] if attribution.sparse else ends:
            taken = attribution.take()
            edits.append((end, end, taken and f" {taken}"))
    return _edited(text, edits)


def _visible(prose: str) -> str:
    """Prose as a reader sees it rendered: without comments and characters that show nothing."""
    text = without_comments(prose)
    spans = code_spans(text)
    bare = masked(text, spans, "x")
    secrets = find_secrets(text)  # also those in code spans
    # A space takes the place of each, so that nothing that it kept apart comes together.
    edits = [
        (found.start(), found.end(), " ")
        for pattern in (HIDDEN_CHARACTERS, _CONTROL)
        for found in pattern.finditer(bare)
        if found.group() not in _KEPT_INVISIBLE
        and not any(one.start < found.end() and found.start() < one.end for one in secrets)
    ]
    edits += [(one.start, one.end, REDACTED) for one in secrets]
    return _edited(text, edits)


def _without_foreign(text: str, keeps: AddressFilter) -> str:
    edits: list[_Edit] = []
    for one in _brackets(text, code_spans(text)):
        if one.address is not None and (one.is_image or not keeps(one.address)):
            edits += [_removal(text, one.start, one.inner), _removal(text, one.close, one.end)]
    return _edited(text, edits)


def _removal(text: str, start: int, end: int) -> _Edit:
    """Nothing in place of a span, or a space where two runs of backticks would become one."""
    joins = text[max(0, start - 1) : start] == "`" == text[end : end + 1]
    return start, end, " " if joins else ""


def _brackets(text: str, spans: list[Span]) -> Iterator[_Brackets]:
    prose = masked(text, spans, _CODE)
    opened: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(prose):
        if token.group().endswith("[") and not token.group().startswith("\\"):
            opened.append(token.span())
        elif token.group() == "]" and opened:
            start, inner = opened.pop()
            found = _DESTINATION.match(prose, token.end())
            end = found.end() if found else token.end()
            address = (found["bracketed"] or found["bare"] or "") if found else None
            yield _Brackets(start, inner, token.start(), end, address)


def _escapes(
    text: str, spans: list[Span], brackets: list[_Brackets], keeps: AddressFilter
) -> Iterator[_Edit]:
    prose = masked(text, spans, _CODE)
    remarks = 0
    for token in _TOKEN.finditer(prose):
        shown, start, end = token.group(), *token.span()
        if shown[0] in "*_":
            opens = _REMARK.match(prose, end) is not None
            remarks += opens
            special = opens or (remarks > 0 and prose[start - 1 : start] == ")")
        else:
            special = shown[0] == "`" or (shown == "<" and _HTML.match(prose, start) is not None)
        if special:
            # Also where the Markdown is not rendered but put into a page as it is.
            yield start, end, "&lt;" if shown == "<" else "".join(f"\\{char}" for char in shown)
    for one in brackets:
        if not _may_stand(one, prose, keeps):
            yield one.inner - 1, one.inner, "\\["
            yield one.close, one.close + 1, "\\]"


def _may_stand(one: _Brackets, prose: str, keeps: AddressFilter) -> bool:
    """Whether brackets are a link that is kept, or mean nothing in Markdown."""
    inside = prose[one.inner : one.close]
    if len(inside) <= _MAX_MARKER and _MARKER.fullmatch(inside):
        return False
    if one.address is not None:
        return not one.is_image and keeps(one.address)
    return prose[one.close + 1 : one.close + 2] not in ("(", ":")


def _is_marker(one: _Brackets, text: str) -> bool:
    inside = text[one.inner : one.close]
    return not one.is_image and one.address is None and _OWN_MARKER.fullmatch(inside) is not None


def _sentence_ends(text: str, whole: list[Span]) -> list[int]:
    """Where sentences end; none ends within `whole` spans, such as code and links."""
    bare, done = [], 0
    for start, end in sorted(whole):
        if start >= done:
            bare += [text[done : start + 1], _INSIDE.sub("x", text[start + 1 : end - 1])]
            done = end - 1
    hidden = "".join([*bare, text[done:]])
    ends, cursor = [], 0
    for sentence in sentences(hidden):
        cursor = hidden.index(sentence, cursor) + len(sentence)
        ends.append(cursor)
    return ends


def _with_escaped_leads(text: str) -> str:
    """No line of the paragraph begins another block."""
    spans = iter([*code_spans(text), (len(text) + 1, len(text) + 1)])
    start, end = next(spans)
    lines, place = [], 0
    for line in text.split("\n"):
        while end <= place:
            start, end = next(spans)
        bare = line.lstrip()
        if start < place < end:
            if bare != _escaped_lead(bare) or bare.startswith("```"):
                raise Unquotable("a code span goes on with what would begin a block")
            lines.append(line)
        else:
            if bare.startswith("```") and "\n" in text[start:end]:
                raise Unquotable("a code span of several lines would be a fence")
            lines.append(_escaped_lead(bare))
        place += len(line) + 1
    return "\n".join(lines)


def _escaped_lead(line: str) -> str:
    if _RULE.fullmatch(line):
        return f"\\{line}"
    found = _LEAD.match(line)
    if found is None:
        return line
    # A number keeps its digits: it is its point that makes it an item of a list.
    at = found.end() if line[0].isdigit() else 0
    return f"{line[:at]}\\{line[at:]}"


def _edited(text: str, edits: list[_Edit]) -> str:
    parts, done = [], 0
    for start, end, shown in sorted(edits):
        if start >= done:
            parts += [text[done:start], shown]
            done = end
    return "".join([*parts, text[done:]])
