"""Commands are found wherever they stand, with their line, language and risk."""

from __future__ import annotations

import pytest

from ingest.chunking.command_lines import commands_in
from ingest.formats import load_text
from rag.command_risk.classify import shipped_classifier
from rag.domain.documents import BlockKind, Risk

DROP = "kubectl delete pod relay-0"
LOOK = "kubectl get pods"

# Each text has DROP on line 5, or on the line that is given, in code of the language that is given.
PLACES = {
    "fence in a step": (".md", f"# T\n\n1. Drop it:\n   ```bash\n   {DROP}\n   ```\n", 5, "bash"),
    "indented in a step": (".md", f"# T\n\n1. Drop it:\n\n       {DROP}\n", 5, ""),
    "fence with a title": (".md", f'# T\n\n\n```bash title="drop.sh"\n{DROP}\n```\n', 5, "bash"),
    "attributes": (".md", f"# T\n\n\n``` {{ .bash .copy }}\n{DROP}\n```\n", 5, "bash"),
    "MkDocs tab": (".md", f'=== "eu"\n\n    Drop it:\n    ```sh\n    {DROP}\n    ```\n', 5, "sh"),
    "MyST": (".md", f"# T\n\n```{{code-block}} bash\n:caption: Drop\n{DROP}\n```\n", 5, "bash"),
    "Jekyll": (
        ".md",
        f"# T\n\n\n{{% highlight bash %}}\n{DROP}\n{{% endhighlight %}}\n",
        5,
        "bash",
    ),
    "Hugo": (
        ".md",
        f'# T\n\n\n{{{{< highlight bash "hl=1" >}}}}\n{DROP}\n{{{{< /highlight >}}}}\n',
        5,
        "bash",
    ),
    "Hugo code": (
        ".md",
        f'# T\n\n\n{{{{< code lang="sh" >}}}}\n{DROP}\n{{{{< /code >}}}}\n',
        5,
        "sh",
    ),
    "pre in Markdown": (".md", f"# T\n\n\n<pre class='language-sh'>\n{DROP}\n</pre>\n", 5, "sh"),
    "transcript": (
        ".md",
        f"# T\n\n```console\n$ {LOOK}\n$ {DROP}\npod deleted\n```\n",
        5,
        "console",
    ),
    "MDX component": (
        ".mdx",
        f"<Steps>\n\nDrop it:\n```bash\n{DROP}\n```\n\n</Steps>\n",
        5,
        "bash",
    ),
    "MDX tab directly above a fence": (
        ".mdx",
        f'<Tabs>\n<TabItem\n  value="sh"\n>\n```bash\n# first\n{DROP}\n```\n</TabItem>\n</Tabs>\n',
        7,
        "bash",
    ),
    "MDX tab in a step": (
        ".mdx",
        f'1. Drop it:\n   <TabItem label="a > b">\n   ```bash\n   {DROP}\n   ```\n   </TabItem>\n',
        4,
        "bash",
    ),
    "MDX component with an expression": (
        ".mdx",
        f"<Tabs values={{[{{label: 'x'}}, {{label: 'y'}}]}}>\n```bash\n{DROP}\n```\n</Tabs>\n",
        3,
        "bash",
    ),
    "directive": (".rst", f"Tee\n===\n.. code-block:: bash\n\n   {DROP}\n", 5, "bash"),
    "directive with options": (
        ".rst",
        f".. code-block:: bash\n   :caption: x\n   :linenos:\n\n   {DROP}\n",
        5,
        "bash",
    ),
    "literal block": (".rst", f"Tee\n===\nDrop it::\n\n   {DROP}\n", 5, ""),
    "directive in a step": (
        ".rst",
        f"#. Drop it:\n\n   .. code-block:: sh\n\n      {DROP}\n",
        5,
        "sh",
    ),
    "directive in a tab": (
        ".rst",
        f".. tab:: eu\n\n   .. code-block:: sh\n\n      {DROP}\n",
        5,
        "sh",
    ),
    "prompt": (".rst", f"Tee\n===\n.. prompt:: bash $\n\n   {DROP}\n", 5, "bash"),
    "directive in a container": (".rst", f".. container:: x\n\n   So::\n\n      {DROP}\n", 5, ""),
    "listing": (".adoc", f"= T\n\n[source,bash]\n----\n{DROP}\n----\n", 5, "bash"),
    "listing below a paragraph": (
        ".adoc",
        f"= T\nDrop it:\n[source,bash]\n----\n{DROP}\n----\n",
        5,
        "bash",
    ),
    "listing with a title": (
        ".adoc",
        f"= T\n.Drop it\n[source,bash]\n----\n{DROP}\n----\n",
        5,
        "bash",
    ),
    "listing with options": (
        ".adoc",
        f'= T\n\n[%nowrap]\n[source,bash,subs="+quotes"]\n----\n{DROP}\n----\n',
        6,
        "bash",
    ),
    "short listing": (".adoc", f"= T\n\n\n[source,bash]\n{DROP}\n\nText.\n", 5, "bash"),
    "listing in a step": (
        ".adoc",
        f". Drop it:\n+\n[source,bash]\n----\n{DROP}\n----\n",
        5,
        "bash",
    ),
    "listing in an example": (
        ".adoc",
        f".Example\n====\n[,bash]\n----\n{DROP}\n----\n====\n",
        5,
        "bash",
    ),
    "default language": (
        ".adoc",
        f":source-language: bash\n\n[source]\n----\n{DROP}\n----\n",
        5,
        "bash",
    ),
    "literal paragraph": (".adoc", f"= T\n\nDrop it:\n\n {DROP}\n", 5, ""),
    "pre": (
        ".html",
        f"<h1>T</h1>\n\n\n<pre><code class='language-bash'>\n{DROP}\n</code></pre>",
        5,
        "bash",
    ),
    "pre in a step": (".html", f"<ol>\n<li>Drop it:\n<pre>\n\n{DROP}</pre></li></ol>", 5, ""),
    "breaks": (".html", f"<p>x</p>\n\n\n\n<pre>{LOOK}<br/>{DROP}<br>{LOOK}</pre>", 5, ""),
    "highlighted": (
        ".html",
        "<h1>T</h1>\n\n\n<div class='highlight-bash'><pre><span></span><code>\nkubectl"
        "<span> </span>delete<span class='w'> </span>pod<span> </span>relay-0\n</code></pre></div>",
        5,
        "bash",
    ),
    "line numbers": (
        ".html",
        f"\n\n\n<table class='highlighttable'><tr><td class='linenos'><pre>1</pre></td>\n"
        f"<td class='code'><pre>{DROP}</pre></td></tr></table>",
        5,
        "",
    ),
    "Confluence": (
        ".html",
        "\n\n\n<div class='code'>\n<pre data-syntaxhighlighter-params='brush: bash; theme: x'>"
        f"{DROP}</pre></div>",
        5,
        "bash",
    ),
    "text": (".txt", f"T\n=\n1. Drop it:\n\n       {DROP}\n", 5, ""),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_command_is_found(place: str) -> None:
    suffix, text, line, language = PLACES[place]
    blocks = load_text(suffix, text, 1).blocks
    found = commands_in(blocks, shipped_classifier())
    assert [(one.line, one.risk) for one in found if one.text == DROP] == [(line, Risk.DESTRUCTIVE)]
    assert {one.text for one in found} <= {DROP, LOOK}
    parts = [part for block in blocks for part in block.tree]
    [command] = [one for one in found if one.text == DROP]
    assert parts[command.block].kind is BlockKind.CODE
    assert parts[command.block].language == language


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".md", '=== "eu"\n\n    Wait until the queue shrinks, then set the flag back.\n'),
        (".rst", ".. tab:: eu\n\n   Wait until the queue shrinks, then set the flag back.\n"),
        (".adoc", "* eu\n+\nWait until the queue shrinks, then set the flag back.\n"),
        (".html", "<ul><li>Wait until the queue shrinks, then set the flag back.</li></ul>"),
        (".md", "!!! note\n    Wait until the queue shrinks, then set the flag back.\n"),
        (".md", ":::note\nWait until the queue shrinks, then set the flag back.\n:::\n"),
    ],
)
def test_prose_is_no_command(suffix: str, text: str) -> None:
    assert not commands_in(load_text(suffix, text, 1).blocks, shipped_classifier())


def test_a_command_in_the_words_of_a_step_is_found_in_html_too() -> None:
    text = f"<ol><li>Drop the pod with <code>{DROP}</code>.</li></ol>"
    [command] = commands_in(load_text(".html", text, 1).blocks, shipped_classifier())
    assert (command.text, command.line) == (DROP, 1)
