"""An answer's Markdown as Slack's mrkdwn, in which nothing can be escaped.

The program's words keep their form: headings are bold, block quotes are quotes, remarks are in
italics. A document's words are plain: their emphasis is dropped, and a character that Slack would
take for markup is replaced by one that looks like it. Code is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from rag.answering.checking import STRUCK

NOT_SHOWN = "_(code that Slack cannot show: see the source)_"
_MARKUP = str.maketrans({"*": "\u2217", "_": "\u02cd", "~": "\u223c", "`": "\u02cb"})
# What a document wrote and an answer escaped: a marker in it is none of the program's.
_LITERAL = _MARKUP | str.maketrans({"[": "\u27e6", "]": "\u27e7", ">": "\u203a"})
# Slack formats at the edges of words alone, so that `max_connections` is kept.
_AT_AN_EDGE = re.compile(r"(?<![^\W_])[*_~`]+|[*_~`]+(?![^\W_])|`")
_QUOTE_LEAD = re.compile(r"^([ \t]*+)>", re.MULTILINE)


def mrkdwn(markdown: str) -> str:
    """The text of a message; `markdown` is an answer as rag/answering writes it."""
    root = SyntaxTreeNode(_parser().parse(markdown))
    return "\n\n".join(shown for node in root.children for shown in _block(node))


def escaped(text: str) -> str:
    """Text without the marks by which Slack links, mentions and notifies."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str) -> str:
    """Words without anything that Slack formats."""
    bare = _AT_AN_EDGE.sub(lambda found: found.group().translate(_MARKUP), text)
    return escaped(_QUOTE_LEAD.sub("\\1\u203a", bare))


def linked(title: str, url: str | None) -> str:
    """A document's title, as a link where its address is one of the web."""
    words = escaped(title)
    is_web = url and url.startswith(("https://", "http://")) and url.isprintable()
    if not url or not is_web or " " in url:
        return words
    return f"<{escaped(url).replace('|', '%7C')}|{words.replace('|', '¦')}>"


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return parser.disable("text_join")  # which would hide what was escaped


def _block(node: SyntaxTreeNode) -> Iterator[str]:
    if node.type == "heading":
        yield f"*{plain(node.children[0].content)}*"
    elif node.type == "blockquote":
        inside = "\n".join(shown for child in node.children for shown in _block(child))
        yield "\n".join(f"&gt; {line}" for line in inside.split("\n"))
    elif node.type in ("fence", "code_block"):
        yield _code(node.content)
    elif node.type in ("bullet_list", "ordered_list"):
        yield "\n".join(_item(item) for item in node.children)
    elif node.type == "table":
        rows = [row for part in node.children for row in part.children]
        yield "\n".join(" | ".join(_words(cell.children) for cell in row.children) for row in rows)
    elif node.type == "inline":
        yield _inline(node.to_tokens()[0].children or [])
    else:
        for child in node.children:
            yield from _block(child)


def _item(item: SyntaxTreeNode) -> str:
    inside = "\n".join(shown for child in item.children for shown in _block(child))
    mark = f"{item.info}. " if item.info else "• "
    return mark + inside.replace("\n", "\n" + " " * len(mark))


def _words(nodes: Sequence[SyntaxTreeNode]) -> str:
    return " ".join(shown for node in nodes for shown in _block(node))


def _code(code: str) -> str:
    """A block of code; Slack ends one at the first three backticks."""
    if "```" in code:
        return NOT_SHOWN
    return f"```\n{escaped(code.rstrip())}\n```"


def _inline(tokens: Sequence[Token]) -> str:
    shown: list[str] = []
    words: list[str] = []
    remark = struck = False
    for place, token in enumerate(tokens):
        if token.type == "text":
            words.append(token.content)
            continue
        if token.type in ("text_special", "entity"):
            words.append(token.content.translate(_LITERAL))
            continue
        shown.append(plain("".join(words)))
        words.clear()
        if token.type == "em_open":
            remark = tokens[place + 1].content.startswith("(")
            shown.append("_" if remark else "")
        elif token.type == "em_close":
            shown.append("_" if remark else "")
            remark = False
        elif token.type == "s_open":
            struck = _is_struck_out(tokens, place)
            shown.append("~" if struck else "")
        elif token.type == "s_close":
            shown.append("~" if struck else "")
        elif token.type in ("softbreak", "hardbreak"):
            shown.append("\n")
        elif token.type == "code_inline":
            code = token.content
            shown.append(plain(code) if "`" in code else f"`{escaped(code)}`")
    return "".join([*shown, plain("".join(words))])


def _is_struck_out(tokens: Sequence[Token], place: int) -> bool:
    """Whether the program struck out what begins here: its remark says so behind it."""
    types = [token.type for token in tokens[place:]]
    end = place + types.index("s_close")
    behind = [token.content for token in tokens[end + 1 : end + 4]]
    return len(behind) == 3 and not behind[0].strip() and f"_{behind[2]}" == STRUCK[:-1]
