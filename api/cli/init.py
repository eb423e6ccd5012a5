"""`runbook init`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pydantic import ValidationError

from api.cli.terminal import ask, echo
from api.settings import CONFIG_NAME, SourceSettings
from api.settings.template import render_template
from rag.access.acl import parse_tags
from rag.errors import ConfigurationError, InvalidTag

# Without FOLDER: the first of these that is here, else the working directory itself.
_USUAL_FOLDERS = ("runbooks", "docs")
_QUESTION = (
    "Who may read documents that do not say so themselves? Tags with commas between them, such as "
    "team:payments,role:sre; public for everybody who is authenticated; nobody for administrators "
    "alone"
)


@click.command("init")
@click.argument("place", metavar="[FOLDER|GIT_URL]", required=False)
@click.option("--acl", multiple=True, metavar="TAG", help="Readers of documents that declare none.")
@click.pass_obj
def command(config: Path | None, place: str | None, acl: tuple[str, ...]) -> None:
    """Write a commented runbook.toml for a folder or a git repository.

    Without FOLDER it is for runbooks/ or docs/ if one is here, else for this folder. At a terminal
    it asks who may read the documents.
    """
    path = config or Path(CONFIG_NAME)
    if path.exists():
        raise ConfigurationError(
            f"{path} is there already; it was left as it is. Add a [[sources]] block to it, or "
            "name another file with --config"
        )
    readers = parse_tags(acl) if acl else None
    source, protocols = _source(path, place)
    if readers is None and _at_a_terminal():
        readers = _ask_for_readers()
    text = render_template(source.model_copy(update={"acl": readers}), protocols)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written ({error.strerror})") from error
    _say_what_is_next(path, source, readers)


def _source(config: Path, place: str | None) -> tuple[SourceSettings, list[str]]:
    """The source at a place, and the protocols that it needs besides https."""
    from ingest.sources.git_address import parse_git_address

    address = parse_git_address(place) if place else None
    if address is None:
        return _folder_source(config, place), []
    from ingest.sources.git_source import default_branch

    branch = address.branch or default_branch(address.url, address.protocol)
    if branch is None:
        echo(
            f"{address.url} did not say which branch is its default: check `branch` in {config}, "
            "and name a token with `credentials_env` if the repository is private",
            err=True,
        )
    try:
        source = SourceSettings(
            name=address.name,
            git=address.url,
            branch=branch or "main",
            subfolder=address.subfolder,
        )
    except ValidationError as error:
        raise ConfigurationError(f"{place}: not an address that git can fetch from") from error
    return source, [] if address.protocol == "https" else [address.protocol]


def _folder_source(config: Path, place: str | None) -> SourceSettings:
    from ingest.sources.selection import missing_path, source_name

    if place is None:
        place = next((name for name in _USUAL_FOLDERS if Path(name).is_dir()), ".")
    folder = Path(place)
    if not folder.exists():
        raise ConfigurationError(missing_path(folder))
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file: give the folder that it is in")
    root, base = folder.resolve(), config.resolve().parent
    try:
        str(root).encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError("the folder's name is not UTF-8; rename it") from error
    shown = root.relative_to(base) if root.is_relative_to(base) else root
    return SourceSettings(name=source_name(root), path=shown)


def _at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask_for_readers() -> frozenset[str] | None:
    return ask(_QUESTION, "nobody", _read_tags)


def _read_tags(answer: str) -> frozenset[str] | None:
    tags = [tag.strip() for tag in answer.split(",") if tag.strip()]
    if tags == ["nobody"]:
        return None
    try:
        return parse_tags(tags)
    except InvalidTag as error:
        raise click.UsageError(str(error)) from error


def _say_what_is_next(config: Path, source: SourceSettings, acl: frozenset[str] | None) -> None:
    readers = ", ".join(sorted(acl)) if acl else "administrators alone"
    echo(f"wrote {config}: source {source.name}, {_contents(config, source)}", err=True)
    echo(f"documents that declare no `acl` can be read by {readers}", err=True)
    if not acl:
        echo(
            f'to change that, set `acl` in {config}, such as acl = ["public"]; on this command '
            "line you search as an administrator",
            err=True,
        )
    echo('next: runbook ingest, then runbook search "a question"', err=True)


def _contents(config: Path, source: SourceSettings) -> str:
    """What stands in the source, as far as this machine knows."""
    from ingest.formats import SUFFIXES
    from ingest.sources.walk import walk

    if source.path is None:
        return f"branch {source.branch} of {source.git}"
    root = config.resolve().parent / source.path
    count = len(walk(root, SUFFIXES).files)
    if not count:
        return f"no document in {root} yet (read are {', '.join(sorted(SUFFIXES))})"
    return f"{count} {'document' if count == 1 else 'documents'} in {root}"
