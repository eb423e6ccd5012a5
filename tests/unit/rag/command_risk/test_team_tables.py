"""A team's table makes commands known or more dangerous, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.command_risk.classify import CommandClassifier, shipped_classifier
from rag.command_risk.table_file import fingerprint, shipped_tables, with_team_table
from rag.domain.documents import Risk
from rag.errors import ConfigurationError
from tests.unit.rag.command_risk.test_commands import CASES

SEVERITY = [Risk.READ_ONLY, Risk.UNKNOWN, Risk.MUTATING, Risk.DESTRUCTIVE]
TEAM = """
[programs]
read_only = ["whereis-it", "kx"]
mutating = ["ls", "fix-it"]
destructive = ["wipe-cluster"]

[readers.peek]
destructive_options = ["--wipe-after"]
mutating_options = ["-w"]

[wrappers.with-env]
options_with_value = ["-p"]
operands = 1

[aliases]
kc = "kubectl"
lb = "lbctl"

[tools.lbctl]
read_only = ["status", "pool list|show", "top", "mount list"]
mutating = ["host drain"]
destructive = ["host evict", "flush"]
options_with_value = ["-n"]
switches = ["-v"]
forcing_options = ["--hard", "drain -f"]
dry_run = true

[tools.kubectl]
read_only = ["apply", "delete"]
destructive = ["rollout restart"]

[clouds]
programs = ["oci"]

[sql.programs]
usql = { statement_letter = "c" }

[sql.functions]
read_only = ["shop_report", "pg_terminate_backend"]
destructive = ["count", "shop_erase"]
"""


def classifier(text: str = TEAM) -> CommandClassifier:
    return CommandClassifier(with_team_table(shipped_tables(), text, "team.toml"))


TEAM_CLASSIFIER = classifier()


@pytest.mark.parametrize(
    ("command", "risk"),
    [
        ("whereis-it x", Risk.READ_ONLY),
        ("fix-it", Risk.MUTATING),
        ("sudo wipe-cluster eu", Risk.DESTRUCTIVE),
        ("peek x", Risk.READ_ONLY),
        ("peek -w x", Risk.MUTATING),
        ("peek --wipe-after", Risk.DESTRUCTIVE),
        ("with-env -p 1 prod kubectl get pods", Risk.READ_ONLY),
        ("with-env prod kubectl delete pod x", Risk.DESTRUCTIVE),
        ("kc get pods", Risk.READ_ONLY),
        ("kc -n logs delete pod x", Risk.DESTRUCTIVE),
        ("lb status", Risk.READ_ONLY),
        ("lbctl -n eu pool list", Risk.READ_ONLY),
        ("lbctl pool resize", Risk.MUTATING),
        ("lbctl host drain web-1", Risk.MUTATING),
        ("lbctl host drain -f web-1", Risk.DESTRUCTIVE),
        ("lbctl host drain --hard web-1", Risk.DESTRUCTIVE),
        ("lbctl host evict web-1", Risk.DESTRUCTIVE),
        ("lbctl flush --dry-run", Risk.READ_ONLY),
        ("lbctl mount list", Risk.READ_ONLY),
        ("lbctl top", Risk.READ_ONLY),
        ("oci compute instance list", Risk.READ_ONLY),
        ("oci compute instance terminate x", Risk.DESTRUCTIVE),
        ("usql -c 'select 1'", Risk.READ_ONLY),
        ("usql -c 'drop table x'", Risk.DESTRUCTIVE),
        ("psql -c 'select shop_report(1)'", Risk.READ_ONLY),
        ("psql -c 'select shop_erase(1)'", Risk.DESTRUCTIVE),
    ],
)
def test_a_team_table_makes_programs_known(command: str, risk: Risk) -> None:
    assert TEAM_CLASSIFIER.classify(command) is risk


@pytest.mark.parametrize(
    ("command", "risk"),
    [
        ("ls x", Risk.MUTATING),
        ("kubectl rollout restart deploy/x", Risk.DESTRUCTIVE),
        ("oc -n x rollout restart deploy/x", Risk.DESTRUCTIVE),
        ("psql -c 'select count(*) from t'", Risk.DESTRUCTIVE),
    ],
)
def test_a_team_table_raises_what_ships(command: str, risk: Risk) -> None:
    assert SEVERITY.index(shipped_classifier().classify(command)) < SEVERITY.index(risk)
    assert TEAM_CLASSIFIER.classify(command) is risk


@pytest.mark.parametrize(
    ("command", "risk"),
    [
        ("kubectl apply -f x", Risk.MUTATING),
        ("kubectl delete pod x", Risk.DESTRUCTIVE),
        ("psql -c 'select pg_terminate_backend(1)'", Risk.MUTATING),
        # Around a program that only a team knows, and in it, our own rules count.
        ("lbctl status > /etc/lb.conf", Risk.MUTATING),
        ("lbctl status --delete-after x", Risk.DESTRUCTIVE),
        ("lbctl status 'delete from hosts'", Risk.DESTRUCTIVE),
        ("lbctl status $(rm -rf x)", Risk.DESTRUCTIVE),
        ("whereis-it | xargs rm", Risk.DESTRUCTIVE),
        ("kx rm -rf x", Risk.DESTRUCTIVE),
        ("kx bin/kafka-topics.sh --delete", Risk.DESTRUCTIVE),
        ("kx kubectl apply -f x", Risk.MUTATING),
        ("with-env rm kubectl get pods", Risk.DESTRUCTIVE),
        ("echo 'drop table x' | usql", Risk.DESTRUCTIVE),
    ],
)
def test_a_team_table_lowers_nothing_that_ships(command: str, risk: Risk) -> None:
    assert TEAM_CLASSIFIER.classify(command) is risk


def test_a_subcommand_named_like_a_program_that_destroys_is_destructive_all_the_same() -> None:
    tables = classifier('[tools.fleet]\nread_only = ["rm", "kill"]\n')
    assert tables.classify("fleet rm x") is Risk.DESTRUCTIVE
    assert tables.classify("fleet kill x") is Risk.READ_ONLY


KINDS = (
    '[programs]\nread_only = ["{0}"]\n',
    "[readers.{0}]\n",
    '[wrappers.{0}]\nalone = "read_only"\noperands = {1}\n',
    '[tools.{0}]\nread_only = ["{2}"]\nswitches = ["-n", "-c", "--force"]\ndry_run = true\n',
    '[tools.{0}]\nread_only = ["get", "{2} {2}"]\noptions_with_value = ["{2}"]\n',
    '[clouds]\nprograms = ["{0}"]\n',
    '[sql.programs]\n"{0}" = {{ statement_letter = "c" }}\n',
    '[sql.functions]\nread_only = ["{2}", "pg_terminate_backend", "lo_unlink"]\n',
    '[aliases]\n"{0}" = "ls"\n',
)
WORDS = sorted({word for command, _ in CASES for word in command.split() if word.isalnum()})


@given(
    st.sampled_from([command for command, risk in CASES if risk is not Risk.UNKNOWN]),
    st.sampled_from(KINDS),
    st.sampled_from(WORDS),
    st.integers(0, 3),
    st.sampled_from(WORDS),
)
def test_no_table_makes_a_known_command_look_safer(
    command: str, kind: str, program: str, operands: int, word: str
) -> None:
    try:
        team = classifier(kind.format(program, operands, word))
    except ConfigurationError:
        return  # an alias for itself
    assert SEVERITY.index(team.classify(command)) >= SEVERITY.index(
        shipped_classifier().classify(command)
    )


def test_a_team_program_is_recognised_as_a_program() -> None:
    assert TEAM_CLASSIFIER.is_known_program("bin/lbctl")
    assert not shipped_classifier().is_known_program("bin/lbctl")


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("[programs\n", "team.toml", "not valid TOML"),
        ("[program]\n", "team.toml:1: program", "use one of programs, readers"),
        ('[programs]\n\nread_only = "ls"\n', "team.toml:3: programs.read_only", "a list"),
        ('[programs]\nread_only = ["a b"]\n', "team.toml:2: programs.read_only", "names alone"),
        ("[tools.lbctl]\nreadonly = []\n", "team.toml:2: tools.lbctl.readonly", "use one of"),
        ('[tools.x]\nread_only = ["a|"]\n', "team.toml:2: tools.x.read_only", "subcommands"),
        ("[tools.x]\n[tools.y]\ndry_run = 1\n", "team.toml:3: tools.y.dry_run", "true or false"),
        ('[tools."a b"]\n', "team.toml:1: tools.a b", "not the name of a program"),
        ("tools = 1\n", "team.toml:1: tools", "a section"),
        ("[wrappers.x]\noperands = -1\n", "team.toml:2: wrappers.x.operands", "0 to 8"),
        ('[wrappers.x]\nalone = "safe"\n', "team.toml:2: wrappers.x.alone", "'read_only'"),
        ('[aliases]\na = "b"\n', "team.toml:2: aliases.a", "must name a program"),
        ('[aliases]\na = "ls"\nb = "a"\n', "team.toml:3: aliases.b", "no other alias"),
        ('[programs]\nread_only = ["a"]\n[tools.a]\n', "team.toml:3: tools.a", "remove one"),
        ("[sql.statements]\nmutating_words = []\n", "team.toml:1: sql.statements", "use one of"),
        ('[clouds]\nmutating = ["list"]\n', "team.toml:2: clouds.mutating", "use one of"),
        ('[sql.programs.x]\nstatement_letter = ".*"\n', "team.toml:2", "letter of an option"),
    ],
)
def test_a_malformed_table_is_refused_with_its_place(text: str, place: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        classifier(text)
    assert place in str(refused.value)
    assert said in str(refused.value)


def test_the_fingerprint_changes_with_what_a_table_says_and_not_with_its_comments() -> None:
    assert fingerprint(TEAM) == fingerprint(f"# ours\n\n{TEAM}")
    assert len({fingerprint(), fingerprint(TEAM), fingerprint(TEAM + "\n[readers.x]\n")}) == 3
