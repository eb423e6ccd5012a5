"""Which lines of a page are commands."""

from __future__ import annotations

from ingest.command_lines import commands_in
from ingest.loaders import load_text
from rag.domain import Risk


def found(text: str) -> list[tuple[int, str]]:
    return [(c.line, c.text) for c in commands_in(load_text(".md", text, 1).blocks)]


def test_a_shell_block_holds_commands_and_not_its_comments() -> None:
    text = "```bash\n# look first\nkubectl get pods\n\ncustom-tool --now\n```\n"
    assert found(text) == [(3, "kubectl get pods"), (5, "custom-tool --now")]


def test_prompts_are_taken_off_and_output_is_left_out() -> None:
    text = "```console\n$ kubectl get pods\nNAME READY\n# df -h\nroot@db:~# uptime\n```\n"
    assert found(text) == [(2, "kubectl get pods"), (4, "df -h"), (5, "uptime")]


def test_a_block_without_a_language_counts_known_programs_alone() -> None:
    text = "```\napiVersion: v1\nkubectl get pods\nERROR something failed\n```\n"
    assert found(text) == [(3, "kubectl get pods")]


def test_other_languages_hold_no_commands() -> None:
    assert found("```yaml\nkubectl: get pods\n```\n\n```promql\nrate(x[5m])\n```\n") == []


def test_continued_lines_and_heredocs_are_one_command() -> None:
    text = "```sh\ncurl -s \\\n  https://x\ncat <<EOF > f\na\nEOF\nls\n```\n"
    assert found(text) == [(2, "curl -s \\\nhttps://x"), (4, "cat <<EOF > f\na\nEOF"), (7, "ls")]


def test_a_step_holds_its_fences_and_the_commands_that_it_quotes() -> None:
    text = "1. Look at `kubectl get pods` and `README`:\n\n   ```sh\n   df -h\n   ```\n"
    assert found(text) == [(1, "kubectl get pods"), (4, "df -h")]


def test_sql_statements_count_whole() -> None:
    text = "```sql\n-- old rows\nDELETE FROM t\nWHERE a < 1;\nSELECT 1;\n```\n"
    commands = commands_in(load_text(".md", text, 1).blocks)
    assert [(c.line, c.risk) for c in commands] == [(3, Risk.DESTRUCTIVE), (5, Risk.READ_ONLY)]


def test_rst_and_asciidoc_blocks_hold_commands_too() -> None:
    rst = "Look::\n\n    kubectl get pods\n\n.. code-block:: bash\n\n    df -h\n"
    blocks = load_text(".rst", rst, 1).blocks
    assert [c.text for c in commands_in(blocks)] == ["kubectl get pods", "df -h"]
    adoc = "[source,bash]\n----\nuptime\n----\n"
    assert [c.text for c in commands_in(load_text(".adoc", adoc, 1).blocks)] == ["uptime"]
