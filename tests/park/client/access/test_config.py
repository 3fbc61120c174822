from pathlib import Path

import pytest

from park.client.access.config import Configuration, ConfiguredService, configuration_file
from park.errors import UnknownItem, UsageError


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    for variable in ("PARK_TOKEN", "PARK_SERVICE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(tmp_path / "config.toml")


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


def test_what_is_the_users_own_is_said_so_and_else_it_is_not(configuration: Configuration) -> None:
    configuration.add(ConfiguredService(name="one", url="http://one", own=True))
    configuration.add(ConfiguredService(name="two", url="http://two"))
    assert [service.own for service in configuration.services()] == [True, False]
    configuration.path.write_text('[services.one]\nurl = "http://one"\nown = "yes"\n')
    assert [service.own for service in configuration.services()] == [False]


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


@pytest.mark.skipif("sys.platform != 'linux'", reason="the place is another one elsewhere")
def test_the_configuration_is_in_the_platforms_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("PARK_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    assert configuration_file() == tmp_path / ".config" / "park" / "config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert configuration_file() == tmp_path / "xdg" / "park" / "config.toml"
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "mine.toml"))
    assert configuration_file() == tmp_path / "mine.toml"


def test_a_token_is_kept_beside_for_its_user_alone(tmp_path: Path) -> None:
    file = Configuration(tmp_path / "park" / "config.toml").keep_token("sns", "s3cret")
    assert file.read_text() == "s3cret\n"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
