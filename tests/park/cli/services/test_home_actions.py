"""What ``park admin`` hands on to the service's part of park, and what it says where that lacks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from park.cli.main import main
from park.cli.services import home_actions

if TYPE_CHECKING:
    from argparse import Namespace

Said = pytest.CaptureFixture[str]


def test_a_client_alone_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setattr(home_actions, "entry_points", lambda **_: ())
    assert main(["admin", "backup", "--home", "H", "B"]) == 2
    said = capsys.readouterr().err
    assert "`park admin backup` needs the service's part of park" in said
    assert "park-dist[server]" in said


def test_the_status_is_that_of_the_service_s_part(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Namespace] = []

    def administer(options: Namespace) -> int:
        seen.append(options)
        return 5

    found = SimpleNamespace(load=lambda: SimpleNamespace(administer=administer))
    monkeypatch.setattr(home_actions, "entry_points", lambda **_: (found,))
    assert main(["admin", "move", "--home", "H", "--to", "postgresql://u@h/n"]) == 5
    (options,) = seen
    assert (options.action, str(options.home), options.to) == ("move", "H", "postgresql://u@h/n")
