"""Where the client looks: the configuration's folder, and the token file that it names."""

from pathlib import Path

import pytest

from park.client.access.address import find_service
from park.client.access.config import configuration_file


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    for variable in ("PARK_CONFIG", "PARK_TOKEN", "PARK_SERVICE", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.skipif("sys.platform != 'linux'", reason="the place is another one elsewhere")
def test_the_configuration_is_in_the_platforms_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert configuration_file() == tmp_path / ".config" / "park" / "config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert configuration_file() == tmp_path / "xdg" / "park" / "config.toml"
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "mine.toml"))
    assert configuration_file() == tmp_path / "mine.toml"


def test_a_token_file_in_the_users_home_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
