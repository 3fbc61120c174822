"""Which service is meant, and with which token."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from park.client.access.address import find_service
from park.client.access.config import Configuration, ConfiguredService
from park.client.access.local_services import RunningService, announce
from park.errors import InsecureTransport, NotAuthenticated, UnknownItem, UsageError


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    for variable in ("PARK_TOKEN", "PARK_SERVICE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(tmp_path / "config.toml")


def announced(tmp_path: Path, url: str, pid: int) -> Path:
    token = tmp_path / f"token-{pid}"
    token.write_text("secret\n")
    announce(RunningService(url=url, pid=pid, token_file=str(token)))
    return token


def test_several_running_services_are_listed(tmp_path: Path) -> None:
    import os

    announced(tmp_path, "http://127.0.0.1:1", os.getpid())
    announced(tmp_path, "http://127.0.0.1:2", os.getppid())
    with pytest.raises(UsageError, match="several run on this machine: http"):
        find_service()


def test_names_come_before_what_runs(
    tmp_path: Path, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    announced(tmp_path, "http://127.0.0.1:1", os.getpid())
    token = tmp_path / "other"
    token.write_text("other")
    configuration.add(ConfiguredService(name="far", url="https://far", token_file=token))
    assert find_service().url == "https://far"
    assert find_service("http://127.0.0.1:1/").token == "secret"
    monkeypatch.setenv("PARK_SERVICE", "http://127.0.0.1:1")
    assert find_service().url == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lab.example:8750", "did you mean http://lab.example:8750? Else name it: "),
        ("https:/lab.example/park", "did you mean https://lab.example/park? Else name it: "),
        ("127.0.0.1:8750", "did you mean http://127.0.0.1:8750? Else name it: "),
        ("labb", "name it: "),
    ],
)
def test_a_name_that_is_nearly_a_url_is_asked_about(name: str, hint: str) -> None:
    with pytest.raises(UnknownItem, match="no service named") as caught:
        find_service(name)
    assert (caught.value.hint or "").startswith(hint)


def test_a_service_without_token_is_asked_all_the_same(configuration: Configuration) -> None:
    configuration.add(ConfiguredService(name="far", url="https://far"))
    assert find_service("far").token is None


def test_a_service_of_this_machine_that_begins_later_is_known_then(tmp_path: Path) -> None:
    """One waits for it, and would be told that it answers nothing without a token."""
    address = find_service("http://127.0.0.1:8750")
    assert address.bearer() is None
    announced(tmp_path, "http://127.0.0.1:8750", os.getpid())
    assert address.bearer() == "secret"


def test_its_token_goes_to_no_other_machine_in_plain_text(tmp_path: Path) -> None:
    address = find_service("http://far:8750")
    announced(tmp_path, "http://far:8750", os.getpid())
    with pytest.raises(InsecureTransport):
        address.bearer()


def test_a_token_file_that_cannot_be_read_is_named(
    configuration: Configuration, tmp_path: Path
) -> None:
    absent = tmp_path / "absent"
    configuration.add(ConfiguredService(name="far", url="https://far", token_file=absent))
    with pytest.raises(NotAuthenticated, match=f"cannot be read from {absent}"):
        find_service("far")


@pytest.mark.parametrize("url", ["ftp://x", "http://", "file:///x"])
def test_what_is_no_service_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not the URL of a service"):
        find_service(url)


@pytest.mark.parametrize("token", ["geheimnis ü", "two\nlines", "ü geheimnis"])
def test_what_is_no_token_is_refused_without_being_shown(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_TOKEN", token)
    with pytest.raises(NotAuthenticated, match="what is in PARK_TOKEN is no token") as caught:
        find_service("https://far")
    assert token not in f"{caught.value.message} {caught.value.hint}"


def test_an_empty_token_file_is_named(configuration: Configuration, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    configuration.add(ConfiguredService(name="far", url="https://far", token_file=empty))
    with pytest.raises(NotAuthenticated, match=f"what is in {empty} is no token: it is empty"):
        find_service("far")


def test_a_token_file_in_the_users_home_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".compufans").write_text("secret\n")
    config = tmp_path / "config.toml"
    config.write_text(
        'default = "compufans"\n[services.compufans]\nurl = "https://h/park"\n'
        'token_file = "~/.compufans"\n'
    )
    monkeypatch.setenv("PARK_CONFIG", str(config))
    assert find_service().token == "secret"
    # named by its URL it is the same service, with the same token
    assert find_service("https://h/park/").token == "secret"
    assert find_service("https://other/park").token is None


def test_a_token_by_plain_http_beyond_this_machine_is_at_the_user_s_own_risk(
    tmp_path: Path, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("secret")
    far = ConfiguredService(name="far", url="http://far", token_file=token)
    configuration.add(far)
    monkeypatch.setenv("PARK_TOKEN", "http://farther other")
    for name in ("far", "http://farther"):
        with pytest.raises(InsecureTransport) as caught:
            find_service(name)
        assert "secret" not in str(caught.value)
        assert find_service(name, insecure=True).insecure
    configuration.add(replace(far, insecure=True))
    assert find_service("far").token == "secret"
    assert find_service("http://far/").insecure
    assert find_service("http://nobody").token is None


@pytest.mark.parametrize("url", ["https://ada:secret@far", "https://secret@far/park"])
def test_a_url_with_a_password_in_it_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="has a user or password in it") as caught:
        find_service(url)
    assert "secret" not in str(caught.value)
