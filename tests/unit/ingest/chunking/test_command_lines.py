"""Which lines of a page are commands."""

from __future__ import annotations

from textwrap import indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.chunking.command_lines import commands_in
from ingest.formats import load_text
from rag.command_risk.classify import shipped_classifier
from rag.domain.documents import Risk


def found(text: str) -> list[tuple[int, str]]:
    return [
        (c.line, c.text)
        for c in commands_in(load_text(".md", text, 1).blocks, shipped_classifier())
    ]


def test_a_shell_block_holds_commands_and_not_its_comments() -> None:
    text = "```bash\n# look first\nkubectl get pods\n\ncustom-tool --now\n```\n"
    assert found(text) == [(3, "kubectl get pods"), (5, "custom-tool --now")]


def test_prompts_are_taken_off_and_output_is_left_out() -> None:
    text = "```console\n$ kubectl get pods\nNAME READY\n# df -h\nroot@db:~# uptime\n```\n"
    assert found(text) == [(2, "kubectl get pods"), (4, "df -h"), (5, "uptime")]


def test_a_session_without_prompts_holds_its_first_line_and_known_programs() -> None:
    text = "```console\nosdctl drain osd.3\nID STATE\nkubectl delete pod a\npod deleted\n```\n"
    assert found(text) == [(2, "osdctl drain osd.3"), (4, "kubectl delete pod a")]
    assert found("```console\nERROR: no space left\nNAME   READY\n```\n") == []


def test_output_below_prompts_is_no_command_in_shell_code_either() -> None:
    text = (
        "```shell\n$ kubectl get pods\nNAME    READY\nredis   1/1\nno pod\n"
        "[root@db1 ~]# systemctl restart redis\nkubectl get nodes\n```\n"
    )
    assert found(text) == [
        (2, "kubectl get pods"),
        (6, "systemctl restart redis"),
        (7, "kubectl get nodes"),
    ]


def test_printed_tables_are_no_commands() -> None:
    text = "```sh\nNAME    READY\nredis   1/1\n\n+----+\n| id |\n+----+\n(1 row)\nls   -l\n```\n"
    assert found(text) == [(9, "ls   -l")]


def test_a_prompt_tells_a_session_where_no_language_is_named() -> None:
    text = "```\n$ osdctl drain osd.3 \\\n  --now\nosd.3 is drained\nexit 1\n```\n"
    assert found(text) == [(2, "osdctl drain osd.3 \\\n--now")]


def test_what_nothing_runs_is_no_command() -> None:
    text = (
        "```bash\ncurl http://x\n<<COMMENT\nrm -rf /data\nCOMMENT\n"
        "Example output of it:\n--output json\nuptime\n```\n"
    )
    assert found(text) == [(2, "curl http://x"), (8, "uptime")]


def test_a_paragraph_that_is_nothing_but_code_is_a_command() -> None:
    assert found("`kubectl delete pod a`\n") == [(1, "kubectl delete pod a")]
    assert found("Run `kubectl delete pod a` then.\n") == []


def test_statements_in_code_of_no_language_are_commands() -> None:
    query = "```\n-- who\nSELECT pid,\n  state\nFROM pg_stat_activity;\n```\n"
    assert found(query) == [(3, "SELECT pid,\nstate\nFROM pg_stat_activity;")]
    [drop] = commands_in(
        load_text(".md", "```\nDROP ROLE a ;\n```\n", 1).blocks, shipped_classifier()
    )
    assert drop.risk is Risk.DESTRUCTIVE
    assert found("```\nupdate the ticket;\n```\n") == []
    assert found("```\nselect a region from the list\n```\n") == []


def test_a_command_that_is_given_yaml_is_found_in_a_fence_of_yaml() -> None:
    text = "```yaml\nkubectl apply -f - <<EOF\nkind: Pod\nEOF\n```\n"
    assert found(text) == [(2, "kubectl apply -f - <<EOF\nkind: Pod\nEOF")]
    assert found("```yaml\ncommand: kubectl apply <<EOF\n```\n") == []


def test_columns_of_a_file_are_no_command() -> None:
    text = "```\n# TYPE  DATABASE  USER\nhost    all     app     10.0.0.0/8     md5\n```\n"
    assert found(text) == []


def test_a_session_in_sql_code_holds_what_was_typed_alone() -> None:
    text = (
        "```sql\nmysql> show tables like 'a' \\G\n*** 1. row ***\nname: a\n1 row in set\n"
        "mysql> drop table a;\nQuery OK, 0 rows affected\n```\n"
    )
    assert found(text) == [(2, "show tables like 'a' \\G"), (6, "drop table a;")]
    bare = "```sql\n> select 1;\n+---+\n| 1 |\n+---+\n1 row in set (0.00 sec)\n> select 2;\n```\n"
    assert found(bare) == [(2, "select 1;"), (7, "select 2;")]


@pytest.mark.parametrize("language", ["shell", "console", ""])
def test_statements_behind_prompts_of_sql_clients_are_commands_and_their_results_are_not(
    language: str,
) -> None:
    text = (
        "$ psql -d orders\norders=# DELETE FROM jobs\norders-# WHERE id = 1;\n"
        "DELETE 1\norders=# \\q\n$ mysql\nmysql> SHOW TABLES;\n| jobs |\n"
        "MariaDB [shop]> DROP TABLE jobs;\n$ ls\n"
    )
    fenced = f"```{language}\n{text}```\n"
    commands = commands_in(load_text(".md", fenced, 1).blocks, shipped_classifier())
    assert [(c.line, c.text, c.risk) for c in commands if c.text[0] not in "pml\\"] == [
        (3, "DELETE FROM jobs\nWHERE id = 1;", Risk.DESTRUCTIVE),
        (8, "SHOW TABLES;", Risk.READ_ONLY),
        (10, "DROP TABLE jobs;", Risk.DESTRUCTIVE),
    ]
    assert [c.text for c in commands if c.line in (2, 6, 7, 11)] == [
        "psql -d orders",
        "\\q",
        "mysql",
        "ls",
    ]


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
    commands = commands_in(load_text(".md", text, 1).blocks, shipped_classifier())
    assert [(c.line, c.risk) for c in commands] == [(3, Risk.DESTRUCTIVE), (5, Risk.READ_ONLY)]


def test_rst_and_asciidoc_blocks_hold_commands_too() -> None:
    rst = "Look::\n\n    kubectl get pods\n\n.. code-block:: bash\n\n    df -h\n"
    blocks = load_text(".rst", rst, 1).blocks
    assert [c.text for c in commands_in(blocks, shipped_classifier())] == [
        "kubectl get pods",
        "df -h",
    ]
    adoc = "[source,bash]\n----\nuptime\n----\n"
    assert [
        c.text for c in commands_in(load_text(".adoc", adoc, 1).blocks, shipped_classifier())
    ] == ["uptime"]


def test_a_quote_over_lines_is_one_command() -> None:
    text = (
        '```bash\npsql -h db -c "\n  select pid from pg_stat_activity\n\n'
        "  where datname = 'x' and pid <> pg_backend_pid()\"\nuptime\n```\n"
    )
    whole, after = commands_in(load_text(".md", text, 1).blocks, shipped_classifier())
    assert (whole.line, whole.risk) == (2, Risk.READ_ONLY)
    assert whole.text.startswith('psql -h db -c "\n  select pid')
    assert whole.text.endswith('pg_backend_pid()"')
    assert (after.line, after.text) == (6, "uptime")


def test_a_quote_goes_on_behind_a_continued_line() -> None:
    text = "```sh\ncurl -X POST x \\\n  -d '{\n\"a\": 1\n}'\ndf -h\n```\n"
    lines = [
        (c.line, c.text.count("\n"))
        for c in commands_in(load_text(".md", text, 1).blocks, shipped_classifier())
    ]
    assert lines == [(2, 3), (6, 0)]


def test_an_unclosed_quote_swallows_nothing() -> None:
    text = '```sh\necho "it is\nrm -rf x\ndf -h\n```\n\n```sh\necho "\nuptime\n```\n'
    assert [line for line, _ in found(text)] == [2, 3, 4, 8, 9]


def test_an_apostrophe_in_a_comment_or_in_output_opens_no_quote() -> None:
    text = "```sh\nls  # don't\nrm x  # can't\n```\n\n```\ntest the user's name\nrm it's\n```\n"
    assert [line for line, _ in found(text)] == [2, 3, 7, 8]


def test_where_output_may_stand_a_command_ends_what_a_quote_opens() -> None:
    text = "```\necho 'a\nrm -rf x\necho b'\n```\n"
    assert [line for line, _ in found(text)] == [2, 3, 4]


def test_a_session_goes_on_behind_its_second_prompt() -> None:
    text = "```console\n$ psql -c '\n> select 1\n> '\n 1\n$ uptime\n```\n"
    assert found(text) == [(2, "psql -c '\nselect 1\n'"), (6, "uptime")]


def test_a_loop_over_lines_is_one_command() -> None:
    loop = (
        "for pod in a b; do\n  # each\n  if kubectl get pod $pod\n  then\n    rm -rf /x\n  fi\ndone"
    )
    for language in ("bash", ""):
        code = f"```{language}\nls\n{loop}\ndf -h\n```\n"
        text = "1. Do:\n\n" + indent(code, "   ")
        commands = commands_in(load_text(".md", text, 1).blocks, shipped_classifier())
        assert [(c.line, c.text, c.risk) for c in commands] == [
            (4, "ls", Risk.READ_ONLY),
            (5, loop, Risk.DESTRUCTIVE),
            (12, "df -h", Risk.READ_ONLY),
        ]


def test_a_pipe_into_a_loop_is_one_command_and_so_is_what_follows_it() -> None:
    loop = "kubectl get pods | while read p; do\n  kubectl delete pod $p\ndone | sort"
    text = f"```sh\n{loop}\nls\n```\n"
    assert [line for line, _ in found(text)] == [2, 5]


def test_half_a_loop_swallows_nothing() -> None:
    text = "```sh\nfor p in a; do\nls\nif x; then\n  df\nfi\nuptime\n```\n\n```sh\ndone\nls\n```\n"
    assert [line for line, _ in found(text)] == [2, 3, 4, 7, 11, 12]
    assert found("```\nfor p in the list; do what it says\nls -l\n```\n") == [(3, "ls -l")]


def test_a_loop_of_a_session_is_without_its_prompts() -> None:
    text = "```console\n$ for p in a; do\n>   kubectl get $p\n> done\nNAME\n$ ls\n```\n"
    assert found(text) == [(2, "for p in a; do\n  kubectl get $p\ndone"), (6, "ls")]


def test_thousands_of_loops_are_read() -> None:
    assert len(found("```sh\n" + "for p in a; do\n" * 4_000 + "```\n")) == 4_000
    assert len(found("```sh\n" + "for p in a; do\ndone\n" * 2_000 + "```\n")) == 2_000


def test_a_here_string_is_no_heredoc() -> None:
    assert [line for line, _ in found("```sh\ncat <<< word\ndf -h\n```\n")] == [2, 3]


@given(
    st.lists(st.sampled_from(["ls", "rm 'x", "it's", 'a "b', "cat <<E", "E", "x \\", "# don't"]))
)
def test_every_command_begins_on_its_own_line(lines: list[str]) -> None:
    text = "\n".join(["```sh", *lines, "```", ""])
    numbers = [number for number, _ in found(text)]
    assert numbers == sorted(set(numbers))
    for number, command in found(text):
        assert text.split("\n")[number - 1].strip() == command.split("\n")[0]
