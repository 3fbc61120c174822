"""PARK_TOKEN: the token of one service, which no other service ever sees."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from park.client.access.address import find_service
from park.client.access.config import Configuration, ConfiguredService
from park.client.access.local_services import RunningService, announce
from park.client.access.variable_token import variable_token
from park.errors import NotAuthenticated

NEAR, FAR, STRANGER = "https://near", "https://far.example.org/park", "https://stranger"


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    """Near is the default; far has a token file of its own."""
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    for variable in ("PARK_TOKEN", "PARK_SERVICE"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "far").write_text("of-far")
    made = Configuration(tmp_path / "config.toml")
    made.add(ConfiguredService(name="near", url=f"{NEAR}/"))
    made.add(ConfiguredService(name="far", url=FAR, token_file=tmp_path / "far"))
    return made


@pytest.mark.parametrize(
    ("variable", "service", "near", "far"),
    [
        (None, None, None, None),
        ("t", None, "t", None),
        ("t", "near", "t", None),
        ("t", "far", None, "t"),
        ("t", f"{FAR}/", None, "t"),
        ("t", STRANGER, None, None),
        ("t", "unknown", None, None),
        ("far t", None, None, "t"),
        ("far t", "near", None, "t"),
        (f"{FAR} t", "near", None, "t"),
        (f"{STRANGER} t", "near", None, None),
        ("t\n", None, "t", None),
    ],
)
def test_the_token_is_of_one_service(
    configuration: Configuration,
    monkeypatch: pytest.MonkeyPatch,
    *,
    variable: str | None,
    service: str | None,
    near: str | None,
    far: str | None,
) -> None:
    for name, value in (("PARK_TOKEN", variable), ("PARK_SERVICE", service)):
        if value is not None:
            monkeypatch.setenv(name, value)
    found = [variable_token(url, configuration) for url in (NEAR, FAR)]
    assert found == [near, far]


def test_another_service_keeps_its_own_token_file(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_TOKEN", "t")
    assert configuration.default == "near"
    assert find_service("near").token == "t"
    assert find_service("far").token == "of-far"
    assert find_service(STRANGER).token is None
    monkeypatch.setenv("PARK_SERVICE", "far")
    assert find_service("far").token == "t"  # before its file
    assert find_service("near").token is None


def test_it_is_that_of_the_only_service_of_this_machine(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("near", "far"):
        configuration.remove(name)
    monkeypatch.setenv("PARK_TOKEN", "t")
    with pytest.raises(NotAuthenticated, match="does not say which service it is of") as told:
        find_service(STRANGER)
    assert f"PARK_SERVICE={STRANGER}" in str(told.value.hint)
    token = tmp_path / "token"
    token.write_text("own")
    announce(RunningService(url="https://here", pid=os.getpid(), token_file=str(token)))
    assert find_service("https://here").token == "t"
    assert find_service(STRANGER).token is None


def test_a_first_word_that_is_no_service_is_refused_without_being_shown(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert configuration.services()
    monkeypatch.setenv("PARK_TOKEN", "two words")
    with pytest.raises(NotAuthenticated, match="the name of no service") as told:
        find_service("near")
    assert "two" not in told.value.message
    assert "words" not in f"{told.value.message}{told.value.hint}"


def test_a_url_without_a_token_is_sent_to_nobody(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert configuration.default == "near"
    monkeypatch.setenv("PARK_TOKEN", f"{FAR} ")
    with pytest.raises(NotAuthenticated, match="no token behind it") as told:
        find_service("near")
    assert FAR not in f"{told.value.message}{told.value.hint}"
