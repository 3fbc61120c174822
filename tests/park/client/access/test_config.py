from pathlib import Path

import pytest

from park.client.access.address import find_service
from park.client.access.config import Configuration, ConfiguredService
from park.client.access.local_services import RunningService, announce, running_services, withdraw
from park.errors import NotAuthenticated, UnknownItem, UsageError


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


def test_the_first_service_becomes_the_default(configuration: Configuration) -> None:
    configuration.add(ConfiguredService(name="one", url="http://one"))
    configuration.add(ConfiguredService(name="two", url="http://two", token_file=Path("/t")))
    assert configuration.default == "one"
    assert [service.name for service in configuration.services()] == ["one", "two"]
    assert configuration.service("two") == ConfiguredService(
        name="two", url="http://two", token_file=Path("/t")
    )
    configuration.use("two")
    assert configuration.default == "two"
    configuration.remove("two")
    assert configuration.default is None
    assert configuration.service("two") is None


def test_comments_of_the_user_survive(configuration: Configuration) -> None:
    configuration.path.write_text('# my services\n[services.one]\nurl = "http://one"  # fast\n')
    configuration.add(ConfiguredService(name="two", url="http://two"))
    text = configuration.path.read_text()
    assert "# my services" in text
    assert "# fast" in text


def test_an_unknown_name_is_told_with_the_known_ones(configuration: Configuration) -> None:
    configuration.add(ConfiguredService(name="one", url="http://one"))
    with pytest.raises(UnknownItem, match=r"no service named 'two' in .*; known: one"):
        configuration.use("two")


def test_a_broken_file_is_named_and_kept(configuration: Configuration) -> None:
    configuration.path.write_text("default = ")
    with pytest.raises(UsageError, match="is not valid TOML"):
        configuration.add(ConfiguredService(name="one", url="http://one"))
    assert configuration.path.read_text() == "default = "


def test_a_service_without_url_is_named(configuration: Configuration) -> None:
    configuration.path.write_text("[services.one]\n")
    with pytest.raises(UsageError, match=r"services\.one has no url"):
        configuration.services()


def test_the_only_running_service_needs_no_name(tmp_path: Path) -> None:
    import os

    announced(tmp_path, "http://127.0.0.1:1", os.getpid())
    address = find_service()
    assert (address.url, address.token, address.name) == ("http://127.0.0.1:1", "secret", None)
    assert "secret" not in repr(address)
    withdraw("http://127.0.0.1:1")
    assert running_services() == []


def test_several_running_services_are_listed(tmp_path: Path) -> None:
    import os

    announced(tmp_path, "http://127.0.0.1:1", os.getpid())
    announced(tmp_path, "http://127.0.0.1:2", os.getppid())
    with pytest.raises(UsageError, match="several run on this machine: http"):
        find_service()


def test_a_note_is_not_taken_for_a_later_process_with_its_number(tmp_path: Path) -> None:
    import json
    import os

    announced(tmp_path, "http://127.0.0.1:1", os.getpid())
    (note,) = (tmp_path / "state" / "services").iterdir()
    document = json.loads(note.read_text())
    document["process"]["started"] -= 1
    note.write_text(json.dumps(document))
    assert running_services() == []
    assert not note.exists()


def test_a_dead_services_note_is_passed_over(tmp_path: Path) -> None:
    import subprocess
    import sys

    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    announced(tmp_path, "http://127.0.0.1:1", child.pid)
    with pytest.raises(UsageError, match="none runs on this machine"):
        find_service()


def test_names_come_before_what_runs(
    tmp_path: Path, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    announced(tmp_path, "http://127.0.0.1:1", os.getpid())
    token = tmp_path / "other"
    token.write_text("other")
    configuration.add(ConfiguredService(name="far", url="http://far", token_file=token))
    assert find_service().url == "http://far"
    assert find_service("http://127.0.0.1:1/").token == "secret"
    monkeypatch.setenv("PARK_TOKEN", "given")
    assert find_service("far").token == "given"
    monkeypatch.setenv("PARK_SERVICE", "http://127.0.0.1:1")
    assert find_service().url == "http://127.0.0.1:1"


def test_a_service_without_token_is_asked_all_the_same(configuration: Configuration) -> None:
    configuration.add(ConfiguredService(name="far", url="http://far"))
    assert find_service("far").token is None


def test_a_token_file_that_cannot_be_read_is_named(
    configuration: Configuration, tmp_path: Path
) -> None:
    absent = tmp_path / "absent"
    configuration.add(ConfiguredService(name="far", url="http://far", token_file=absent))
    with pytest.raises(NotAuthenticated, match=f"cannot be read from {absent}"):
        find_service("far")


@pytest.mark.parametrize("url", ["ftp://x", "http://", "file:///x"])
def test_what_is_no_service_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not the URL of a service"):
        find_service(url)


@pytest.mark.parametrize("token", ["geheimnis ü", "two\nlines", "two words"])
def test_what_is_no_token_is_refused_without_being_shown(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_TOKEN", token)
    with pytest.raises(NotAuthenticated, match="what is in PARK_TOKEN is no token") as caught:
        find_service("http://far")
    assert token not in f"{caught.value.message} {caught.value.hint}"
