"""Every command, asked of a service whose every text is an attack on the terminal that shows it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.stand_ins.hostile_service import FORGED, hostile_service

from park.cli.main import command_parsers, main

JOB = "01a2071c-2c6f-780c-a349-0000000000ab"
DIGEST = "0123456789abcdef" * 4

LINES = f"""
admin approvals
admin approve numpy==2.0
admin audit
admin clean
admin group add lab ada
admin group list
admin group remove lab ada
admin offer numpy==2.0
admin offers
admin policy check FILE
admin policy reload
admin quarantine {DIGEST}
admin rotate
admin token list
admin token make ada
admin token revoke 000000ab
admin token rotate
admin usage
admin user add ada --no-password
admin user list
admin user remove ada
admin user revoke ada
admin user roles ada query
admin withdraw numpy==2.0
cancel {JOB}
doctor
env diff {DIGEST} {DIGEST}
env remove {DIGEST}
env list
env pin {DIGEST}
env show {DIGEST}
env unpin {DIGEST}
env verify {DIGEST}
explain {JOB}
files list ~
grants
grants --all
graph {JOB}
graph {JOB} --dot
index list
index list --all
index claim film
index list film
index remove film 1.0
index status film archived
index unyank film 1.0
index yank film 1.0
memo forget --all
token make
token revoke 000000ab
admin revoke-peer {DIGEST}
jobs
memo list
memo stats
pin {JOB}
queues
rm {JOB}
share film
status {JOB}
token list
token who
unpin {JOB}
usage
versions
versions film
versions --all
versions --nearest packaging
watch --once
why {JOB}
"""

APART = {
    *("admin backup", "admin migrate", "admin move", "admin restore"),  # a home of one's own
    *("agent list", "agent lock", "agent start", "agent stop", "agent unlock", "login", "logout"),
    *("service add", "service list", "service remove", "service use", "init", "serve"),
    *("build", "bundle", "completion", "lock", "plan", "publish"),  # what is here
    *("install", "run", "submit", "fit", "debug", "export", "reproduce"),
    *("env shell", "admin user password", "index copy", "get", "logs", "result"),
    *("files get", "files put", "files remove", "files url"),
    *("admin policy show",),  # a text of the operator's own, with its lines
}
"""Commands that print nothing of a service's records, or that which others here print as well."""

OBEYED = {"\x1b", "\x07", "\r", "\x85", "\x9b", "\u2028", "\u202e"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with hostile_service() as found:
        yield found


@pytest.fixture(autouse=True)
def there(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("PARK_SERVICE", url)
    monkeypatch.setenv("PARK_TOKEN", "park_secret")


def words_of(line: str, tmp_path: Path) -> list[str]:
    (tmp_path / "FILE").write_text("")
    return line.replace("FILE", str(tmp_path / "FILE")).split()


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_no_text_of_a_service_is_obeyed_or_forges_a_line(
    line: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    status = main(words_of(line, tmp_path))
    both = capsysbinary.readouterr()
    for shown in (both.out.decode("utf-8", "replace"), both.err.decode("utf-8", "replace")):
        assert not OBEYED & set(shown)
        assert not [each for each in shown.splitlines() if each.startswith(FORGED)]
    assert status == (5 if line == "doctor" else 0), both.err.decode()


def commands(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield each command of ``parser``, with its actions."""
    below = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    if not below:
        yield name
    for action in below:
        for each, inner in action.choices.items():
            yield from commands(f"{name} {each}", inner)


def test_each_command_is_asked_or_prints_nothing_of_others() -> None:
    parsers = command_parsers().items()
    known = {each for name, parser in parsers for each in commands(name, parser)}
    lines = [f"{line} " for line in LINES.splitlines()]
    asked = {each for each in known if any(line.startswith(f"{each} ") for line in lines)}
    assert known - asked - APART == set()
    assert known - asked >= APART
