"""Commands in code: by their lines in a document, by their text in an answer."""

from __future__ import annotations

import re

from api.web.code_rows import code_rows
from api.web.matching import NOTHING_MATCHED
from rag.domain.documents import Command, Risk

PODS = Command(41, "kubectl get pods", Risk.READ_ONLY)
DELETE = Command(43, "kubectl delete \\\n  namespace ledger", Risk.DESTRUCTIVE)
CODE = "# first\nkubectl get pods\n# then\nkubectl delete \\\n  namespace ledger\nok"


def rows(markup: str) -> list[tuple[str, str]]:
    """The risk and the text of each row; no risk for lines that are no command."""
    found = re.findall(
        r'(?:<div class="command risk-(\w+)".*?)?<pre><code>(.*?)</code></pre>', markup, re.DOTALL
    )
    return [(risk, text) for risk, text in found]


EXPECTED = [
    ("", "# first"),
    ("read_only", "kubectl get pods"),
    ("", "# then"),
    ("destructive", "kubectl delete \\\n  namespace ledger"),
    ("", "ok"),
]


def test_commands_of_a_document_are_known_by_their_lines() -> None:
    assert rows(code_rows(CODE, 40, (PODS, DELETE), NOTHING_MATCHED, "")) == EXPECTED


def test_commands_of_an_answer_are_known_by_their_text() -> None:
    assert rows(code_rows(CODE, None, (PODS, DELETE), NOTHING_MATCHED, "")) == EXPECTED
    prompted = rows(code_rows("$ kubectl get pods", None, (PODS,), NOTHING_MATCHED, ""))
    assert prompted == [("read_only", "$ kubectl get pods")]


def test_other_code_of_an_answer_has_no_risk() -> None:
    log = "\n".join(f"12:0{number} error" for number in range(9)) + "\nkubectl get podsx"
    commands = tuple(Command(line, "kubectl delete ns x", Risk.DESTRUCTIVE) for line in range(9))
    assert rows(code_rows(log, None, commands, NOTHING_MATCHED, "")) == [("", log)]


def test_only_destructive_commands_carry_the_warning() -> None:
    markup = code_rows(CODE, 40, (PODS, DELETE), NOTHING_MATCHED, "mind <this>")
    assert re.findall(r'data-risk="(\w+)" data-warning="([^"]*)"', markup) == [
        ("read_only", ""),
        ("destructive", "mind &lt;this&gt;"),
    ]
