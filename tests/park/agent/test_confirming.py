from __future__ import annotations

from pathlib import Path

import pytest

from park.agent.confirming import command_of, confirmed, shown
from park.errors import NotPermitted


def asking(tmp_path: Path, script: str) -> dict[str, str]:
    program = tmp_path / "ask"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PARK_ASKPASS": str(program), "PATH": "/usr/bin:/bin"}


def test_who_says_yes_is_asked_what_for(tmp_path: Path) -> None:
    told = tmp_path / "told"
    environ = asking(tmp_path, f'echo "$1 $SSH_ASKPASS_PROMPT" > {told}')
    confirmed("May a program use your login at https://lab?", environ)
    assert told.read_text() == "May a program use your login at https://lab? confirm\n"


@pytest.mark.parametrize(
    "question",
    [
        "sns wants to read x\n\n\n\n\nPress yes to go on",
        "sns wants to read <span size='1'>all of it</span> &amp; more",
        "sns wants to read x\x1b[2J\u202egnihton",
        "sns wants to read " + "x" * 100_000,
    ],
)
def test_what_somebody_else_says_is_one_plain_line_with_an_end(
    tmp_path: Path, question: str
) -> None:
    told = tmp_path / "told"
    confirmed(question, asking(tmp_path, f'printf %s "$1" > {told}'))
    text = told.read_text(encoding="utf-8")
    assert text == shown(question)
    assert text.startswith("sns wants to read ")
    assert text.isprintable()
    assert len(text) <= 300
    assert not set("<>&") & set(text)


def test_who_says_no_has_said_it(tmp_path: Path) -> None:
    with pytest.raises(NotPermitted, match="did not confirm"):
        confirmed("?", asking(tmp_path, "exit 1"))


def test_a_program_that_is_none_is_a_no(tmp_path: Path) -> None:
    with pytest.raises(NotPermitted, match="nobody confirmed it"):
        confirmed("?", {"PARK_ASKPASS": str(tmp_path / "none")})


@pytest.mark.skipif("sys.platform == 'darwin'")
def test_without_a_screen_there_is_nothing_to_ask_with() -> None:
    with pytest.raises(NotPermitted, match="nothing to ask with") as caught:
        confirmed("?", {"PATH": "/nowhere"})
    assert "PARK_ASKPASS" in str(caught.value.hint)


def test_the_programs_in_their_order() -> None:
    ssh = {"SSH_ASKPASS": "/s"}
    assert command_of(ssh | {"PARK_ASKPASS": "/p"}, "q") == ["/p", "q"]
    assert command_of(ssh, "q") == ["/s", "q"]
