"""Services by URLs that something else named: their tokens, and their names."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.labs.workflows import FIRST, SECOND, node
from support.stand_ins.graph_service import of

from park.client.access.known_services import known_service, option_for, service_names, with_names


def test_services_are_drawn_with_the_names_that_their_user_gave_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "config.toml"
    configuration.write_text(
        f'[services.sns]\nurl = "{FIRST}/"\n[services.again]\nurl = "{FIRST}"\n'
    )
    monkeypatch.setenv("PARK_CONFIG", str(configuration))
    assert service_names()(FIRST) == "sns"
    assert service_names()(SECOND) == "fans.example.org"
    drawn = with_names(of(node("a", service=FIRST), node("b", service=SECOND), node("c")))
    assert [each.service for each in drawn.nodes] == ["sns", "fans.example.org", None]


def test_a_token_goes_only_to_the_service_that_it_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("secret\n")
    configuration = tmp_path / "config.toml"
    configuration.write_text(
        f'[services.sns]\nurl = "{FIRST}/"\ntoken_file = "{tmp_path / "token"}"\n'
        f'[services.open]\nurl = "{SECOND}"\n'
    )
    monkeypatch.setenv("PARK_CONFIG", str(configuration))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PARK_TOKEN", "of-whom")
    monkeypatch.delenv("PARK_SERVICE", raising=False)
    found = known_service(FIRST)
    assert found is not None
    assert (found.url, found.token, found.name) == (FIRST, "secret", "sns")
    assert known_service(SECOND) is None
    assert known_service("https://stranger.example.org") is None
    monkeypatch.setenv("PARK_TOKEN", f"{SECOND}/ its-own")
    its = known_service(SECOND)
    assert its is not None
    assert (its.token, its.name) == ("its-own", "open")


def test_what_a_command_is_to_be_given_to_reach_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "config.toml"
    monkeypatch.setenv("PARK_CONFIG", str(configuration))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("PARK_SERVICE", raising=False)
    assert option_for(FIRST) == f" -s {FIRST}"  # nothing is configured, and nothing runs here
    configuration.write_text(
        f'default = "sns"\n[services.sns]\nurl = "{FIRST}/"\n[services.lab]\nurl = "{SECOND}"\n'
    )
    assert option_for(FIRST) == ""
    assert option_for(f"{SECOND}/") == " -s lab"
    assert option_for("http://stranger.example.org/a b") == " -s 'http://stranger.example.org/a b'"
    monkeypatch.setenv("PARK_SERVICE", SECOND)
    assert option_for(SECOND) == ""
    assert option_for(FIRST) == " -s sns"
    configuration.write_text("[broken")
    assert option_for(SECOND) == f" -s {SECOND}"
