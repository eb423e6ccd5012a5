"""Containers of Markdown's dialects, as block rules of markdown-it-py.

- Python-Markdown and MkDocs: `!!! warning "Title"`, `??? note` and tabs, `=== "Title"`, with an
  indented body
- Docusaurus, VitePress, Pandoc, MyST: `:::warning Title` up to `:::`; ```` ```{warning} ````
- GitLab: `>>> [!warning]` up to `>>>`
- Hugo and Jekyll shortcodes, MDX components and HTML elements up to the tag that closes them
- code between `{% highlight %}`, `{{< highlight >}}` or `{{< code >}}` and their ends
- tags of MDX components on lines of their own, behind which Markdown goes on

A rule adds a token `admonition_open`, `tab_open` or `container_open` (whose blocks stand for
themselves); the meta of the first two is a Container. A component's tag is an `html_block`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock

from rag.text.admonitions import admonition_kind
from rag.text.component_tags import component_tag
from rag.text.tag_pairs import Place, TagPair, code_ends, paired_lines, tag_pairs

_MKDOCS = re.compile(r'(?:!!!|\?\?\?\+?)[ \t]*+([\w \t-]*+)(?:"([^"\n]*+)")?[ \t]*+')
_TAB = re.compile(r'===[!+]?[ \t]*+"([^"\n]++)"[ \t]*+')
_DIRECTIVE = re.compile(
    r":{3,}[ \t]*+(?:\{([^{}\n]++)\}|([\w-]++))[ \t]*+(?:\[([^\]\n]*+)\]|\{[^{}\n]*+\})?(.*+)"
)
_FENCED_DIRECTIVE = re.compile(r"(`{3,}+|~{3,}+)\{([\w-]++)\}[ \t]*+([^`\n]*+)")
_QUOTE_FENCE = re.compile(r">>>[ \t]*+(?:\[!([\w-]{1,20})\](.*+))?")
_CODE_TAG = re.compile(
    r"(?:\{%-?\s*+(?:highlight|code)\s++([\w+-]++)[^{}\n]*+\}"
    r"|\{\{[<%]\s*+(?:highlight|code|code-block)\s++(?:lang(?:uage)?=)?[\"']?([\w+-]++)[^{}\n]*+\}\})"
    r"[ \t]*+"
)
_OPTION_LINE = re.compile(r"[ \t]*+:([\w-]++):[ \t]*+([^\n]*+)")
_MIN_INDENT = 2  # Python-Markdown asks for 4 columns, and authors write fewer
_INDENT = 4


@dataclass(frozen=True, slots=True)
class Container:
    """What a container is: `kind` of admonition or language of code, and where its body is.

    `start` and `end` are those of its body. `title` are the line and columns of its title, if it
    has one.
    """

    kind: str
    start: Place
    end: Place
    title: tuple[int, int, int] | None = None


def container_rules(markdown: MarkdownIt) -> None:
    """Add the rules to a parser (a plug-in of markdown-it-py)."""
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    for name, rule in (
        ("indented_container", _indented),
        ("colon_container", _colons),
        ("fenced_container", _fenced),
        ("tag_container", _tags),
        ("code_tag", _code),
    ):
        markdown.block.ruler.before("fence", name, rule, interrupts)
    markdown.block.ruler.before("html_block", "component_tag", component_tag, interrupts)


def _begins_with(state: StateBlock, line: int, marks: tuple[str, ...]) -> bool:
    """Whether a line begins with one of these marks: most lines begin with none."""
    return state.src.startswith(marks, state.bMarks[line] + state.tShift[line])


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _column(state: StateBlock, line: int) -> int:
    """The column, in the text, of the first character of a line that counts here."""
    at = state.bMarks[line] + state.tShift[line]
    return at - (state.src.rfind("\n", 0, at) + 1)


def _end_of(state: StateBlock, line: int) -> Place:
    start = state.src.rfind("\n", 0, state.eMarks[line]) + 1 if line >= 0 else 0
    return line, state.eMarks[line] - start


def _indented(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if not _begins_with(state, start, ("!!!", "???", "===")):
        return False
    text = _line(state, start)
    found = _MKDOCS.fullmatch(text) or _TAB.fullmatch(text)
    if not found or state.is_code_block(start):
        return False
    if silent:
        return True
    behind, indent = _indented_body(state, start, end)
    is_tab = found.re is _TAB
    group = 1 if is_tab else 2
    column = _column(state, start)
    title = (start, column + found.start(group), column + found.end(group))
    has_title = bool(found[group] and found[group].strip())
    kind = "" if is_tab else admonition_kind(found[1], found[1]) or "note"
    begin = (start, title[1]) if has_title else (start + 1, 0)
    last = max(start, behind - 1)
    container = Container(kind, begin, _end_of(state, last), title if has_title else None)
    _add(state, "tab" if is_tab else "admonition", (start, behind), container)
    _read_inside(state, start + 1, behind, indent)
    _close(state, "tab" if is_tab else "admonition", behind)
    return True


def _indented_body(state: StateBlock, start: int, end: int) -> tuple[int, int]:
    """Behind the last line of an indented body, and its indent in columns."""
    first = state.skipEmptyLines(start + 1)
    own = state.sCount[start]
    indent = state.sCount[first] - own if first < end else 0
    if indent < _MIN_INDENT:  # not indented: the lines directly below belong to it
        behind = start + 1
        while behind < end and not state.isEmpty(behind) and state.sCount[behind] >= own:
            behind += 1
        return behind, own
    body = own + min(indent, _INDENT)
    behind = line = first
    while line < end and (state.isEmpty(line) or state.sCount[line] >= body):
        line += 1
        behind = behind if state.isEmpty(line - 1) else line
    return behind, body


def _colons(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if not _begins_with(state, start, (":::", ">>>")):
        return False
    text = _line(state, start)
    found = _DIRECTIVE.fullmatch(text) if text.startswith(":::") else _QUOTE_FENCE.fullmatch(text)
    if not found or state.is_code_block(start):
        return False
    closing = paired_lines(state.src, state.env).get(start)
    is_quote = found.re is _QUOTE_FENCE
    if closing is None and is_quote:
        return False
    if silent:
        return True
    behind = min(end, closing) if closing is not None else end
    if is_quote:
        kind, group = (admonition_kind(found[1]) or "note") if found[1] else "", 2
    else:
        name = found[1] or found[2]
        kind, group = admonition_kind(name, name), 3 if found[3] else 4
    _add_delimited(state, found, (start, behind), kind, group)
    _read_inside(state, start + 1, behind, state.blkIndent)
    _close(
        state,
        "admonition" if kind else "container",
        behind + (closing is not None and behind < end),
    )
    return True


def _add_delimited(
    state: StateBlock, found: re.Match[str], lines: tuple[int, int], kind: str, group: int
) -> None:
    start, behind = lines
    if not kind:
        _add(state, "container", (start, behind), None)
        return
    column = _column(state, start)
    title = (start, column + found.start(group), column + found.end(group))
    has_title = bool((found[group] or "").strip())
    begin = (start, title[1]) if has_title else (start + 1, 0)
    end = _end_of(state, behind - 1)
    is_closed = behind < state.lineMax
    container = Container(kind, begin, end, title if has_title else None)
    _add(state, "admonition", (start, behind + is_closed), container)


def _fenced(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """MyST's fences that hold Markdown: those of admonitions."""
    if not _begins_with(state, start, ("```", "~~~")):
        return False
    found = _FENCED_DIRECTIVE.fullmatch(_line(state, start))
    if not found or state.is_code_block(start):
        return False
    behind = _closing_fence(state, start + 1, end, found[1])
    first = start + 1
    classes = ""
    while first < behind and (option := _OPTION_LINE.fullmatch(_line(state, first))):
        classes += f" {option[2]}" if option[1] == "class" else ""
        first += 1
    kind = admonition_kind(found[2], classes or found[2])
    if not kind:
        return False
    if silent:
        return True
    _add_delimited(state, found, (start, behind), kind, 3)
    _read_inside(state, first, behind, state.blkIndent)
    _close(state, "admonition", min(behind + 1, end))
    return True


def _closing_fence(state: StateBlock, line: int, end: int, mark: str) -> int:
    while line < end:
        text = _line(state, line).rstrip()
        if text.startswith(mark) and not text.strip(mark[0]):
            return line
        line += 1
    return end


def _tags(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    pair = tag_pairs(state.src, state.env).get(start)
    if pair is None or state.is_code_block(start) or pair.close[0] >= end:
        return False
    if _column(state, start) != pair.column:  # the rule is inside it already
        return False
    if silent:
        return True
    first, last = pair.open[0], pair.close[0]
    container = Container(pair.kind, pair.open, pair.close)
    _add(state, "admonition", (start, pair.behind + 1), container)
    _read_between(state, pair, first, last)
    _close(state, "admonition", pair.behind + 1)
    return True


def _code(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Code between the shortcodes of Hugo and Jekyll that highlight it."""
    if not _begins_with(state, start, ("{",)):
        return False
    found = _CODE_TAG.fullmatch(_line(state, start))
    if not found or state.is_code_block(start):
        return False
    ends = code_ends(state.src, state.env)
    place = bisect_right(ends, start)
    if place == len(ends) or ends[place] >= end:
        return False
    if silent:
        return True
    last = ends[place]
    token = state.push("code_tag", "code", 0)
    token.map = [start, last + 1]
    language = (found[1] or found[2]).lower()
    token.meta = {"container": Container(language, (start + 1, 0), _end_of(state, last - 1))}
    state.line = last + 1
    return True


def _read_between(state: StateBlock, pair: TagPair, first: int, last: int) -> None:
    """Read what stands between two tags, which may share their lines with it."""
    begins = state.src.rfind("\n", 0, state.eMarks[first]) + 1
    kept = [(state.bMarks[n], state.tShift[n], state.sCount[n]) for n in (first,)]
    ends = state.eMarks[last]
    closes = state.src.rfind("\n", 0, ends) + 1 + pair.close[1]
    state.bMarks[first] = begins + pair.open[1]
    inside = state.src[state.bMarks[first] : closes if first == last else state.eMarks[first]]
    state.tShift[first] = len(inside) - len(inside.lstrip(" \t"))
    state.sCount[first] = state.blkIndent
    state.eMarks[last] = max(closes, state.bMarks[last])
    filled = [n for n in range(first, last + 1) if not state.isEmpty(n)]
    indent = min((state.sCount[n] for n in filled), default=state.blkIndent)
    _read_inside(state, first, last + 1, max(indent, state.blkIndent))
    state.eMarks[last] = ends
    [(state.bMarks[first], state.tShift[first], state.sCount[first])] = kept


def _add(state: StateBlock, name: str, lines: tuple[int, int], container: Container | None) -> None:
    token = state.push(f"{name}_open", "div", 1)
    token.block = True
    token.map = list(lines)
    token.meta = {"container": container}


def _close(state: StateBlock, name: str, behind: int) -> None:
    state.push(f"{name}_close", "div", -1).block = True
    state.line = behind


def _read_inside(state: StateBlock, first: int, behind: int, indent: int) -> None:
    parent, last, own = state.parentType, state.lineMax, state.blkIndent
    state.parentType, state.lineMax, state.blkIndent = "container", behind, indent
    state.md.block.tokenize(state, first, behind)
    state.parentType, state.lineMax, state.blkIndent = parent, last, own
