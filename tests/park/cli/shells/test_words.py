"""What each command takes, from its parser: which values park itself knows."""

from __future__ import annotations

import pytest

from park.cli.main import whole_parser
from park.cli.shells.words import Kind, Word, by_path, commands, words

WORDS = list(words(whole_parser(), ("park",)))


def kinds(*path: str) -> dict[str, Kind | None]:
    return {word.text: word.kind for word in WORDS if word.path == ("park", *path)}


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        (("status",), "", Kind.JOB),
        (("cancel",), "--service", Kind.SERVICE),
        (("jobs",), "--label", Kind.LABEL),
        (("jobs",), "--json", None),
        (("run",), "--lock", Kind.LOCK),
        (("run",), "--offer", Kind.OFFERED_PROJECT),
        (("run",), "--timeout", Kind.OTHER),
        (("env", "diff"), "", Kind.SIDE),
        (("env", "pin"), "", Kind.LOCK),
        (("service", "use"), "", Kind.NAMED_SERVICE),
        (("service", "add"), "", Kind.OTHER),
        (("versions",), "", Kind.PROJECT),
        (("index", "claim"), "", Kind.INDEXED),
        (("index", "copy"), "--from", Kind.SERVICE),
        (("files", "get"), "", Kind.AREA_PATH),
        (("build",), "", Kind.MODULE),
        (("run",), "", Kind.CALLABLE),
        (("install",), "--with", Kind.INSTALLED),
        (("plan",), "", Kind.FILE),
        (("publish",), "", Kind.FILE),
    ],
)
def test_a_value_is_of_a_kind(path: tuple[str, ...], text: str, kind: Kind | None) -> None:
    assert kinds(*path)[text] == kind


def test_every_job_service_lock_and_project_on_the_command_line_is_asked_for() -> None:
    """A new command whose argument is called like the others is completed like them."""
    database = ("park", "admin", "move")  # whose --to is no service
    for word in WORDS:
        names_one = word.text in {"--service", "--lock", "--from", "--to"}
        if word.kind is not None and names_one and word.path != database:
            assert word.kind.is_asked
    asked = {
        path for path, them in by_path(WORDS).items() for word in them if word.kind is Kind.JOB
    }
    named = ("status", "why", "graph", "watch", "logs", "result", "get", "debug", "cancel", "pin")
    assert {("park", name) for name in (*named, "unpin", "rm")} <= asked


def test_hidden_options_are_no_words() -> None:
    assert "--line" not in kinds("completion")


def test_commands_are_told_from_options_and_values() -> None:
    path = ("park",)
    of_all = [Word(path=path, text=text, help="") for text in ("run", "--debug", "")]
    assert [word.text for word in commands(of_all)] == ["run"]
