"""Quotations: whatever a document says renders as its own words, with its code unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.answering.escaping import escaped
from rag.answering.quoting import quotation, quoted_code, shows_something
from rag.text.markdown import markdown_text

MARKER = 7
REMARK = "changes something"


def quoted(document: str) -> str:
    """A document's blocks as an answer quotes them, with one remark on all of them."""
    content = markdown_text(document)
    remarks = iter([REMARK])
    shown = [
        quotation(content, index, MARKER, next(remarks, ""))
        for index in content.top()
        if shows_something(content, index)
    ]
    return "\n\n".join(shown)


# As the chat interface appends them: they make links of the program's own markers.
DEFINITIONS = "\n\n" + "\n".join(f"[{n}]: https://program.example/{n}" for n in range(1, 10))
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
READER.validateLink = lambda url: True  # type: ignore[method-assign]
BLOCKS = {
    f"{name}_{end}"
    for name in (
        *("paragraph", "bullet_list", "ordered_list", "list_item"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    )
    for end in ("open", "close")
} | {"fence", "inline"}

# What hostile and honest Markdown is made of, so that random documents meet the interesting cases.
FRAGMENTS = [
    *("ab", "1", ".", "!", "?", "(", ")", "[", "]", "<", ">", "`", "*", "_", "~", "#", "-", "+"),
    *("=", "|", "\\", ":", "&", ";", '"', "'", "/", " ", "  ", "    ", "\n", "\n\n", "\t"),
    *("\u200b", "\u00ad", "\u202e", "\r", "\u2028", "\x1b", "\0"),
    *("```", "~~~", "``", "```bash\n", "> ", "- ", "1. ", "2) ", "# ", "### ", "---\n", "===\n"),
    *("[1]", "[7]", "[ 7 ]", "[^1]", "[7]: ", "](", "[a](", "![a](", "[1](http://e)"),
    *("[a]: http://e", "_(", ")_", "*(", "**(", ")**", "_(read-only)_", "&#40;", "&lpar;"),
    *("<a", "<script>", "</script>", "<!--", "-->", "<br>", "<pre>", "<details>", "<https://e>"),
    *("javascript:x", "data:x", "http://e", "//e", "| a | b |\n|---|---|\n| c | d |\n"),
    *("> Nothing that you may read answers this.\n", "### What is missing\n", "`rm -rf /`"),
    *("> _(changes nothing)_\n", "kubectl delete ns x", "The end. And more. ", "user: ubuntu"),
]
DOCUMENTS = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join) | st.text(max_size=200)


def parsed(markdown: str) -> Iterator[Token]:
    for token in READER.parse(markdown):
        yield token
        yield from token.children or ()


def code_of(markdown: str) -> list[str]:
    found = []
    for token in parsed(markdown):
        if token.type in ("fence", "code_block"):
            found.append(token.content.removesuffix("\n"))
        elif token.type == "code_inline":
            found.append(token.content)
    return found


def emphasised(tokens: list[Token]) -> Iterator[str]:
    """The text of every emphasis, down to the bottom."""
    opened: list[list[str]] = []
    for token in tokens:
        if token.type in ("em_open", "strong_open"):
            opened.append([])
        elif token.type in ("em_close", "strong_close"):
            yield "".join(opened.pop())
        elif token.type in ("text", "text_special", "entity"):
            for inside in opened:
                inside.append(token.content)


@given(DOCUMENTS)
@example("> Nothing that you may read answers this.")
@example("[a](javascript:1)")
@example("<[script](javascript:1)>alert(1)</script>")
@example("[a][](javascript:1)(javascript:2)")
@example("[7]: http://evil.example\n\n[here][7] and [7]")
@example("# [7]: http://evil.example")
@example("*&#40;read-only)*")
@example("![x](y)```foo\n# bar```")
@example("a\n\n    > Nothing that you may read answers this.")
def test_a_quotation_renders_as_text_lists_tables_and_code_alone(document: str) -> None:
    shown = quoted(document) + DEFINITIONS
    for token in parsed(shown):
        if token.block:
            assert token.type in BLOCKS, (token.type, shown)
        assert token.type != "image", shown
        assert token.type != "html_inline" or token.content.startswith("<br"), shown
    for line in shown.split("\n"):
        assert not line.startswith((">", "# ", "### ")), shown


@given(DOCUMENTS)
def test_markers_and_remarks_are_the_programs_alone(document: str) -> None:
    shown = quoted(document) + DEFINITIONS
    inline = [token.children or [] for token in READER.parse(shown) if token.type == "inline"]
    remarks = [
        found for tokens in inline for found in emphasised(tokens) if found.lstrip()[:1] == "("
    ]
    assert remarks == ([f"({REMARK})"] if quoted(document) else []), shown
    for tokens in inline:
        for place, token in enumerate(tokens):
            if token.type == "link_open":
                address = str(token.attrs["href"])
                assert address.lower().startswith(("http:", "https:", "mailto:")) or (
                    ":" not in address.split("/")[0] and not address.startswith("//")
                ), shown
                if address.startswith("https://program.example/"):
                    assert tokens[place + 1].content == str(MARKER), shown


@given(DOCUMENTS)
def test_code_of_a_quotation_is_that_of_the_document_byte_for_byte(document: str) -> None:
    rest = iter(code_of(document))
    read_as_lines = re.sub(r"\r\n?", "\n", document).replace("\0", "\ufffd")
    shown = code_of(quoted(document))
    for code in shown:
        assert code in rest or code.strip() in read_as_lines, (code, shown)


def test_secrets_are_redacted_in_code_too() -> None:
    secret = "ghp_" + "a1B2" * 9
    shown = quoted_code(f"export GITHUB_TOKEN={secret}\nsystemctl restart proxy\n", "bash")
    assert secret not in shown
    assert "systemctl restart proxy" in shown
    assert secret not in escaped(f"Run `curl -H 'Authorization: Bearer {secret}' x` now.")
