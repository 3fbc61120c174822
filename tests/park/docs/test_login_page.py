"""What docs/how-to/log-in.md says is what the program does."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from park.agent.client import is_switched_off
from park.agent.keys import Key
from park.agent.messages import HoldKey
from park.agent.talk import IDLE_S
from park.cli.main import command_parsers
from park.client.access.issuer_login import device_login

if TYPE_CHECKING:
    from park.client.access.transport import Transport

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "log-in.md").read_text(encoding="utf-8")
FLAT = " ".join(PAGE.split())


def actions(parser: argparse.ArgumentParser) -> set[str]:
    subparsers = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return set(subparsers[0].choices)


def test_every_action_of_the_agent_is_on_the_page() -> None:
    said = set(re.findall(r"`park agent (\w+)", PAGE)) | {"unlock"}
    assert said == actions(command_parsers()["agent"])
    assert "`park agent lock`, `unlock`" in PAGE


def test_every_option_of_a_login_is_on_the_page() -> None:
    options = {
        word for each in command_parsers()["login"]._actions for word in each.option_strings
    } - {"-h", "--help"}
    assert options == set(
        re.findall(r"(--(?:token|user|lifetime|confirm|keyring|insecure))\b", PAGE)
    )


def test_times_are_those_of_the_program() -> None:
    assert "held nothing for ten minutes" in FLAT
    assert IDLE_S == 10 * 60
    assert "refreshed at half of their time" in FLAT
    held = HoldKey(service="https://h", token="t", expires=100.0, renewable_until=1000.0)
    assert Key.of(held, 0.0).refresh_at == 50.0


def test_the_variable_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "`PARK_AGENT=off`" in PAGE
    monkeypatch.setenv("PARK_AGENT", "off")
    assert is_switched_off()


def test_what_a_login_at_an_issuer_says_is_on_the_page() -> None:
    said: list[str] = []
    answers = iter(
        [
            {"handle": "h", "user_code": "WDJB-MJHT", "uri": "https://auth.example.org/activate",
             "uri_complete": None, "interval_s": 0.0, "expires_s": 60.0},
            {"login": {"token": "t", "expires_at": "x", "user": "ada", "id": "1",
                       "renewable_until": "x"}},
        ]
    )  # fmt: skip
    transport = cast("Transport", SimpleNamespace(json=lambda *_, **__: next(answers)))
    device_login(transport, said.append, "", pause=lambda _: None)
    assert len(said) == 2
    for line in said:
        assert line in PAGE
