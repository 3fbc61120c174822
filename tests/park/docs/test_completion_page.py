"""The page about completion: what it says is offered is offered, in the time that it says.

That the shells themselves do it is seen in `tests/park/cli/shells/test_in_shells.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from park.cli import completion
from park.cli.main import whole_parser
from park.cli.shells import candidates
from park.cli.shells.words import Kind, words

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "complete-on-tab.md").read_text("utf-8")
WORDS = list(words(whole_parser(), ("park",)))
ROWS = dict(re.findall(r"^\| (.+?) \| (.+) \|$", PAGE.partition("## What is")[2], re.MULTILINE))


def kinds(text: str, *path: str) -> set[Kind | None]:
    named = ("park", *path)
    return {each.kind for each in WORDS if each.text == text and each.path[: len(named)] == named}


def test_each_shell_has_its_row_with_the_command_of_the_help() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| `(park .+)` \|$", PAGE, re.MULTILINE))
    assert tuple(rows) == ("bash", "zsh", "fish")
    assert set(rows) == set(completion.SHELLS)
    for command in rows.values():
        assert command in completion.EXAMPLES


def test_services_are_offered_where_the_page_says() -> None:
    row = "`-s`, `--from`, `--to`, `park service use`"
    assert "services of your configuration" in ROWS[row]
    assert kinds("-s") == kinds("--from") == kinds("--to", "index") == {Kind.SERVICE}
    assert kinds("", "service", "use") == {Kind.NAMED_SERVICE}


@pytest.mark.parametrize(
    ("row", "kind", "path"),
    [
        ("a job", Kind.JOB, ("logs",)),
        ("`park get JOB`", Kind.JOB_FILE, ("get",)),
        ("a lock", Kind.LOCK, ("env", "show")),
        ("a project", Kind.PROJECT, ("versions",)),
        ("a module (`park install`, `park run`, …)", Kind.MODULE, ("install",)),
        ("a module (`park install`, `park run`, …)", Kind.CALLABLE, ("run",)),
        ("`park files`", Kind.AREA_PATH, ("files", "list")),
        ("a script, a path, and whatever else", Kind.FILE, ("plan",)),
    ],
)
def test_a_row_is_of_a_kind_that_is_known(row: str, kind: Kind, path: tuple[str, ...]) -> None:
    assert row in ROWS
    assert kind in kinds("", *path)


def test_figures_are_those_of_the_program() -> None:
    assert f"your newest {candidates._MANY} jobs" in ROWS["a job"]
    assert candidates.PATIENCE_S == 1.0
    assert "does not answer within a second is not waited for" in PAGE
    assert kinds("--with") == {Kind.INSTALLED}
    assert "projects that are installed here" in ROWS["`--with`"]
    assert kinds("--label", "jobs") == {Kind.LABEL}
    assert "`local`" in ROWS["a lock"]
