"""What lists or shows takes ``--json``; only what acts, or passes something through, does not."""

import argparse
from collections.abc import Iterator

from park.cli.main import command_parsers

ACT_OR_PASS_THROUGH = {
    "admin backup", "admin migrate", "admin move", "admin restore",
    "cancel", "completion", "debug", "get", "init", "login", "logout", "logs", "pin", "rm", "serve",
    "unpin",
    "agent lock", "agent start", "agent stop", "agent unlock",
    "files get", "files put", "files remove", "files url",
    "service add", "service remove", "service use",
}  # fmt: skip


def commands() -> Iterator[tuple[str, set[str]]]:
    """Yield each command, with its actions and those of these, and its options."""
    for name, parser in command_parsers().items():
        yield from _below(name, parser)


def _below(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, set[str]]]:
    inner = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not inner:
        yield name, {text for action in parser._actions for text in action.option_strings}
    for action in inner:
        for each, below in action.choices.items():
            yield from _below(f"{name} {each}", below)


def test_every_command_that_lists_or_shows_takes_json() -> None:
    without = {name for name, options in commands() if "--json" not in options}
    assert without == ACT_OR_PASS_THROUGH


def test_every_command_that_asks_a_service_can_be_told_which() -> None:
    without = {name for name, options in commands() if "--service" not in options}
    own = {"service add", "service list", "service remove", "service use"}
    of_agent = {f"agent {action}" for action in ("list", "lock", "start", "stop", "unlock")}
    named = {"login", "logout"}  # it is what they are about, and their argument
    of_home = {f"admin {action}" for action in ("backup", "migrate", "move", "restore")}
    own |= of_agent | named | of_home
    assert without == own | {"init", "build", "lock", "bundle", "plan", "completion", "serve"}
