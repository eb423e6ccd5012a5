"""A command inside a warning is never a step, whatever the dialect of the document."""

from __future__ import annotations

import pytest

from ingest.formats import load_text
from rag.answering.answer_parts import Part
from rag.domain.documents import BlockKind
from rag.text.admonitions import WARNING_KINDS
from tests.extracts import answer_from

WIPE = "rm -rf /var/lib/segments"
FENCE = f"```bash\n{WIPE}\n```"
INDENTED = FENCE.replace("\n", "\n    ")
QUOTED = FENCE.replace("\n", "\n> ")
_BODY = f"The segments are the only copy:\n\n{FENCE}\n"
_HTML = (
    f"<p>The segments are the only copy:</p><pre><code class='language-bash'>{WIPE}</code></pre>"
)
_RST = f"The segments are the only copy:\n\n   .. code-block:: bash\n\n      {WIPE}\n"
_ADOC = f"The segments are the only copy:\n\n[source,bash]\n----\n{WIPE}\n----\n"

WARNINGS = {
    "MkDocs": (".md", f'!!! danger "Data loss"\n\n    The segments:\n\n    {INDENTED}\n'),
    "MkDocs without a title": (".md", f"!!! warning\n    The segments:\n\n    {INDENTED}\n"),
    "MkDocs, folded": (".md", f'???+ danger "Data loss"\n\n    The segments:\n\n    {INDENTED}\n'),
    "MkDocs, indented by two": (".md", f"!!! danger\n\n  Gone:\n\n  ```sh\n  {WIPE}\n  ```\n"),
    "Docusaurus": (".md", f":::danger[Data loss]\n\n{_BODY}\n:::\n"),
    "Docusaurus, nested": (".md", f"::::warning\n\n:::tip\n\nx\n\n:::\n\n{_BODY}\n::::\n"),
    "VitePress": (".md", f"::: warning Data loss\n{_BODY}:::\n"),
    "Quarto": (".md", f"::: {{.callout-warning}}\n{_BODY}:::\n"),
    "MyST": (".md", f"````{{danger}} Data loss\n:class: x\n\n{_BODY}````\n"),
    "MyST with colons": (".md", f":::{{warning}}\n{_BODY}:::\n"),
    "GitHub": (".md", f"> [!CAUTION]\n> Gone:\n>\n> {QUOTED}\n"),
    "GitHub, older": (".md", f"> **Warning**\n> Gone:\n>\n> {QUOTED}\n"),
    "Obsidian": (".md", f"> [!danger]- Data loss\n> Gone:\n>\n> {QUOTED}\n"),
    "GitLab": (".md", f">>> [!warning] Data loss\n{_BODY}>>>\n"),
    "Hugo": (".md", f"{{{{< hint danger >}}}}\n{_BODY}{{{{< /hint >}}}}\n"),
    "Hugo with Markdown": (
        ".md",
        f'{{{{% alert color="warning" %}}}}\n{_BODY}{{{{% /alert %}}}}\n',
    ),
    "Kubernetes": (".md", f"{{{{< warning >}}}}{_BODY}{{{{< /warning >}}}}\n"),
    "Jekyll": (".md", f"{{% warning %}}\n{_BODY}{{% endwarning %}}\n"),
    "GitBook": (".md", f'{{% hint style="danger" %}}\n{_BODY}{{% endhint %}}\n'),
    "kramdown": (".md", f"{{: .warning }}\nThe segments are the only copy:\n\n{FENCE}\n"),
    "MDX": (".md", f"<Warning>\n\n{_BODY}\n</Warning>\n"),
    "MDX by type": (".md", f'<Callout type="error">\n  {_BODY}\n</Callout>\n'),
    "MDX, named": (".md", f"<BannerDanger>\n\n{_BODY}\n</BannerDanger>\n"),
    "HTML in Markdown": (".md", f'<div class="alert alert-danger">\n\n{_BODY}\n</div>\n'),
    "emoji": (".md", f"\u26a0\ufe0f The segments are gone after this:\n\n{FENCE}\n"),
    "emoji and label": (".md", f":warning: **Warning:** gone after this:\n\n{FENCE}\n"),
    "label": (".md", f"**Caution:** gone after this:\n\n{FENCE}\n"),
    "label alone": (".md", f"**DANGER**\n\nThe segments are the only copy:\n\n{FENCE}\n"),
    "label in capitals": (".md", f"WARNING: gone after this:\n\n{FENCE}\n"),
    "reStructuredText": (".rst", f".. danger::\n\n   {_RST}"),
    "reStructuredText, titled": (".rst", f".. admonition:: Loss\n   :class: danger\n\n   {_RST}"),
    "reStructuredText, label": (".rst", f"**Warning:** gone::\n\n   {WIPE}\n"),
    "AsciiDoc": (".adoc", f"[WARNING]\n====\n{_ADOC}====\n"),
    "AsciiDoc, titled": (".adoc", f"[CAUTION]\n.Data loss\n====\n{_ADOC}====\n"),
    "AsciiDoc, open block": (".adoc", f"[WARNING]\n--\n{_ADOC}--\n"),
    "AsciiDoc, paragraph": (".adoc", f"WARNING: Gone after this:\n\n----\n{WIPE}\n----\n"),
    "Sphinx": (
        ".html",
        "<div class='admonition danger'><p class='admonition-title'>Danger</p>"
        f"{_HTML}</div>",
    ),
    "Confluence": (
        ".html",
        "<div class='confluence-information-macro confluence-information-macro-warning'><p "
        "class='title'>Careful</p><div class='confluence-information-macro-body'>"
        f"{_HTML}</div></div>",
    ),
    "Asciidoctor": (
        ".html",
        "<div class='admonitionblock warning'><table><tr><td class='icon'><div class='title'>"
        f"Warning</div></td><td class='content'>{_HTML}</td></tr></table></div>",
    ),
    "Bootstrap": (".html", f"<div class='alert alert-danger' role='alert'>{_HTML}</div>"),
    "rendered GitHub": (
        ".html",
        f"<div class='markdown-alert markdown-alert-caution'>{_HTML}</div>",
    ),
    "rendered Docusaurus": (
        ".html",
        f"<div class='theme-admonition theme-admonition-danger'>{_HTML}</div>",
    ),
    "label in HTML": (".html", f"<p><b>Warning:</b> gone after this:</p><pre>{WIPE}</pre>"),
    "text": (".txt", f"WARNING: gone after this:\n\n    {WIPE}\n"),
}  # fmt: skip
TITLES = {
    ".md": "# Broker is out of disk\n\nAdd a volume.\n\n",
    ".rst": "Broker is out of disk\n=====================\n\nAdd a volume.\n\n",
    ".adoc": "= Broker is out of disk\n\nAdd a volume.\n\n",
    ".html": "<h1>Broker is out of disk</h1><p>Add a volume.</p>",
    ".txt": "Broker is out of disk\n=====================\n\nAdd a volume.\n\n",
}
AFTER = {".html": "<p>Shorten the retention.</p>"}


@pytest.mark.parametrize("dialect", WARNINGS)
def test_a_command_in_a_warning_is_no_step(dialect: str) -> None:
    suffix, warning = WARNINGS[dialect]
    text = TITLES[suffix] + warning + AFTER.get(suffix, "\nShorten the retention.\n")
    loaded = load_text(suffix, text, 1)
    [block] = [one for one in loaded.blocks if WIPE in one.text]
    assert block.kind is BlockKind.ADMONITION
    assert block.admonition in WARNING_KINDS
    assert "Shorten" not in block.text
    [code] = [part for part in block.tree if part.kind is BlockKind.CODE]
    assert code.admonition in WARNING_KINDS
    answer = answer_from(suffix, text, loaded.title or "")
    care = answer.index(f"### {Part.CARE.value}")
    assert "### Mitigation" not in answer
    assert answer.index(WIPE) > care
    assert "_(destructive)_" in answer[care:]
    assert f"**{block.admonition.capitalize()}:**" in answer[care : answer.index(WIPE)]


FORBIDDING = {
    "ATX": (".md", f"## Never do this\n\nGone:\n\n{FENCE}\n"),
    "underlined": (".md", f"Do not do this\n---\n\nGone:\n\n{FENCE}\n"),
    "with an emoji": (".md", f"## \u26d4 Don't\n\nGone:\n\n{FENCE}\n"),
    "HTML in Markdown": (".md", f'<h2 align="center">Never do this</h2>\n\nGone:\n\n{FENCE}\n'),
    "bold line": (".md", f"**Do not do this:**\n\nGone:\n\n{FENCE}\n"),
    "below": (".md", f"## Never\n\n### Wipe it\n\nGone:\n\n{FENCE}\n"),
    "reStructuredText": (".rst", f"Never\n-----\n\nGone:\n\n.. code-block:: sh\n\n   {WIPE}\n"),
    "rubric": (".rst", f".. rubric:: Never do this\n\nGone:\n\n.. code-block:: sh\n\n   {WIPE}\n"),
    "AsciiDoc": (".adoc", f"== Never do this\n\nGone:\n\n----\n{WIPE}\n----\n"),
    "AsciiDoc title": (".adoc", f".Never do this\n----\n{WIPE}\n----\n"),
    "HTML": (".html", f"<h2>Never do this</h2><p>Gone:</p><pre>{WIPE}</pre>"),
    "text": (".txt", f"Never do this\n-------------\n\nGone:\n\n    {WIPE}\n"),
}


@pytest.mark.parametrize("dialect", FORBIDDING)
def test_what_a_section_forbids_is_no_step(dialect: str) -> None:
    suffix, section = FORBIDDING[dialect]
    text = TITLES[suffix] + section
    answer = answer_from(suffix, text, load_text(suffix, text, 1).title or "")
    assert "### Mitigation" not in answer
    assert answer.index(WIPE) > answer.index(f"### {Part.CARE.value}")


def test_advice_is_no_warning() -> None:
    text = (
        TITLES[".md"] + '!!! note "Restart"\n\n    ```bash\n    systemctl restart kafka\n    ```\n'
    )
    answer = answer_from(".md", text, "Broker is out of disk")
    assert answer.index("systemctl restart") > answer.index("### Mitigation")
    assert f"### {Part.CARE.value}" not in answer
