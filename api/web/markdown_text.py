"""Markdown of documents and answers as HTML.

Raw HTML in it is shown as text, except a few tags without attributes. Images become their
descriptions, since a page must not make a browser ask another server. What comes out passes
`sanitized` as well, so that two independent checks stand between a document and the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape, unescape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from api.web.code_rows import code_rows, copy_attributes
from api.web.matching import NOTHING_MATCHED, Matches
from api.web.sanitizing import sanitized
from rag.domain.documents import Command, LineSpan

Env = MutableMapping[str, Any]

_MAX_NESTING = 40
_MAX_HEADING = 6
_KEPT = frozenset({"b", "br", "code", "del", "details", "em", "i", "kbd", "s", "small", "strong"})
_KEPT_TAGS = _KEPT | {"sub", "summary", "sup", "u"}
_HTML_PART = re.compile(r"<!--.*?(?:-->|\Z)|</?[A-Za-z][A-Za-z0-9]{0,15}\s{0,8}/?>", re.DOTALL)
_TAG_NAME = re.compile(r"</?([A-Za-z0-9]+)")
_MARKER = re.compile(r"\[(\d{1,3})\]")
_ALERT = re.compile(r"\[!([A-Za-z]{1,20})\]\s*")
# Elements whose lines are compared with the cited ones.
_CITABLE = frozenset(
    {"paragraph_open", "heading_open", "list_item_open", "table_open", "blockquote_open"}
)


@dataclass(frozen=True, slots=True)
class Shown:
    """How a text is shown.

    `first_line` is the line of its first line in the file, `cited` the lines to highlight.
    `markers` has for each citation marker of an answer its link's attributes; `resolve` turns the
    target of a relative link into an address, or None. Headings are lowered by `heading_shift`.
    Blocks have ids like `L41` where they are `anchored`:
    where the lines are those of a file, which commands are known by as well.
    """

    first_line: int = 1
    commands: Sequence[Command] = ()
    matches: Matches = NOTHING_MATCHED
    warning: str = ""
    cited: LineSpan | None = None
    markers: Mapping[int, str] = field(default_factory=dict)
    resolve: Callable[[str], str | None] = lambda _: None
    heading_shift: int = 1
    skipped_titles: Sequence[str] = ()
    anchored: bool = True


def render_markdown(text: str, shown: Shown) -> str:
    """Sanitized HTML. Text that is nested too deeply for the parser is shown as it stands."""
    env: Env = {"shown": shown}
    try:
        tokens = _parser().parse(text, env)
        _prepare(tokens, shown)
        markup = _parser().renderer.render(tokens, _parser().options, env)
    except RecursionError:
        markup = f"<pre><code>{shown.matches.marked(text)}</code></pre>"
    return sanitized(markup)


def headings_of(text: str, first_line: int) -> list[tuple[int, str, str]]:
    """Level, title and anchor of each heading, in order."""
    tokens = _parser().parse(text, {})
    return [
        (int(token.tag[1]), inline_text(tokens[at + 1]), _anchor(token, first_line))
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0
    ]


def inline_text(token: Token) -> str:
    """The text of an inline token as it is read."""
    shown = ("text", "code_inline", "image")
    return "".join(child.content for child in token.children or () if child.type in shown)


def _anchor(token: Token, first_line: int) -> str:
    return f"L{first_line + (token.map[0] if token.map else 0)}"


def _prepare(tokens: list[Token], shown: Shown) -> None:
    """Lower headings, give blocks their anchors and classes, and drop titles repeated on top."""
    while _repeats_a_title(tokens, shown):
        del tokens[:3]
    for at, token in enumerate(tokens):
        if token.type == "blockquote_open":
            _mark_admonition(tokens, at)
        if token.type in ("heading_open", "heading_close"):
            level = min(_MAX_HEADING, int(token.tag[1]) + shown.heading_shift)
            token.tag = f"h{level}"
        if token.map and token.type in _CITABLE:
            _anchor_block(token, shown)


def _mark_admonition(tokens: Sequence[Token], at: int) -> None:
    """A block quote that begins with `[!WARNING]` or the like is a warning with that label."""
    inline = tokens[at + 2] if at + 2 < len(tokens) else None
    first = inline.children[0] if inline is not None and inline.children else None
    kind = _ALERT.match(first.content) if first is not None and first.type == "text" else None
    if first is not None and kind is not None:
        tokens[at].attrSet("class", "admonition")
        first.content = f"{kind[1].capitalize()}: {first.content[kind.end() :]}"


def _repeats_a_title(tokens: Sequence[Token], shown: Shown) -> bool:
    if not shown.skipped_titles or not tokens or tokens[0].type != "heading_open":
        return False
    title = inline_text(tokens[1]).strip().casefold()
    return any(title == skipped.strip().casefold() for skipped in shown.skipped_titles)


def _anchor_block(token: Token, shown: Shown) -> None:
    first, last = _lines(token, shown)
    if shown.anchored and (token.level == 0 or token.type == "list_item_open"):
        token.attrSet("id", f"L{first}")
    if _is_cited(first, last, shown) and not token.hidden:
        token.attrJoin("class", "cited")


def _lines(token: Token, shown: Shown) -> tuple[int, int]:
    begin, end = token.map or (0, 1)
    return shown.first_line + begin, shown.first_line + max(begin, end - 1)


def _is_cited(first: int, last: int, shown: Shown) -> bool:
    return shown.cited is not None and first <= shown.cited.last and last >= shown.cited.first


@cache
def _parser() -> MarkdownIt:
    options = {"maxNesting": _MAX_NESTING, "html": True}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _shown(env: Env) -> Shown:
    shown: Shown = env["shown"]
    return shown


def _text(_: RendererHTML, tokens: Sequence[Token], at: int, __: OptionsDict, env: Env) -> str:
    shown = _shown(env)
    text = tokens[at].content
    if not shown.markers:
        return shown.matches.marked(text)
    parts: list[str] = []
    end = 0
    for found in _MARKER.finditer(text):
        attributes = shown.markers.get(int(found[1]))
        if attributes is not None:
            parts.append(shown.matches.marked(text[end : found.start()]))
            parts.append(f"<a {attributes}>{found[1]}</a>")
            end = found.end()
    return "".join([*parts, shown.matches.marked(text[end:])])


def _code_inline(
    _: RendererHTML, tokens: Sequence[Token], at: int, __: OptionsDict, env: Env
) -> str:
    shown = _shown(env)
    code = tokens[at].content
    command = next((one for one in shown.commands if one.text == code), None)
    attributes = "" if command is None else " " + _inline_command(command, shown)
    return f"<code{attributes}>{shown.matches.marked(code)}</code>"


def _inline_command(command: Command, shown: Shown) -> str:
    attributes = copy_attributes(command, shown.warning)
    return f'class="command risk-{command.risk.value}" {attributes}'


def _code_block(
    _: RendererHTML, tokens: Sequence[Token], at: int, __: OptionsDict, env: Env
) -> str:
    shown, token = _shown(env), tokens[at]
    first, last = _lines(token, shown)
    fence_lines = 1 if token.type == "fence" else 0
    rows = code_rows(
        token.content.rstrip("\n"),
        first + fence_lines if shown.anchored else None,
        shown.commands,
        shown.matches,
        shown.warning,
    )
    name = ' class="cited"' if _is_cited(first, last, shown) else ""
    anchor = f' id="L{first}"' if shown.anchored and token.level == 0 else ""
    return f"<div{anchor}{name}>{rows}</div>"


def _html(_: RendererHTML, tokens: Sequence[Token], at: int, __: OptionsDict, env: Env) -> str:
    """Known tags without attributes stay, comments are dropped, everything else becomes text."""
    shown, text = _shown(env), tokens[at].content
    parts: list[str] = []
    end = 0
    for found in _HTML_PART.finditer(text):
        parts.append(shown.matches.marked(text[end : found.start()]))
        parts.append(_kept(found[0]))
        end = found.end()
    inside = "".join([*parts, shown.matches.marked(text[end:])])
    return inside if tokens[at].type == "html_inline" else f'<div class="raw">{inside}</div>'


def _kept(part: str) -> str:
    if part.startswith("<!--"):
        return ""
    name = _TAG_NAME.match(part)
    return part if name and name[1].lower() in _KEPT_TAGS else escape(part)


def _image(_: RendererHTML, tokens: Sequence[Token], at: int, __: OptionsDict, env: Env) -> str:
    description = inline_text(tokens[at]) or "no description"
    return f'<span class="image">Image: {_shown(env).matches.marked(description)}</span>'


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Env
) -> str:
    token = tokens[at]
    target = unescape(str(token.attrGet("href") or ""))
    if "://" not in target and not target.startswith("mailto:"):
        resolved = _shown(env).resolve(target)
        if resolved is None:
            token.attrs.pop("href", None)
        else:
            token.attrSet("href", resolved)
    return renderer.renderToken(tokens, at, options, env)


def _table(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Env
) -> str:
    return _SCROLLED + renderer.renderToken(tokens, at, options, env)


def _table_end(*_: object) -> str:
    return "</table></div>"


# A wide table scrolls by itself, with the keyboard as well, and the page stays as wide as it is.
_SCROLLED = '<div class="scrolled" tabindex="0" role="group" aria-label="Table">'
_RULES: Mapping[str, Callable[..., str]] = {
    "text": _text,
    "code_inline": _code_inline,
    "fence": _code_block,
    "code_block": _code_block,
    "html_inline": _html,
    "html_block": _html,
    "image": _image,
    "link_open": _link_open,
    "table_open": _table,
    "table_close": _table_end,
}
