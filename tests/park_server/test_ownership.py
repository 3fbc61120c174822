from __future__ import annotations

import logging
import os
import stat
from typing import TYPE_CHECKING

import pytest

from park.errors import NotPermitted, UsageError
from park_server.home import Home
from park_server.ownership import claim_folder, read_secret

if TYPE_CHECKING:
    from pathlib import Path

SOMEBODY = 65_534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def made(folder: Path, mode: int, *files: str) -> Path:
    folder.mkdir()
    for name in files:
        (folder / name).write_text("planted")
    folder.chmod(mode)
    return folder


def test_whom_others_can_only_pass_is_closed_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = made(tmp_path / "home", 0o711)
    claim_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert caplog.text == ""


def test_a_home_that_others_may_read_is_closed_with_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(made(tmp_path / "home", 0o755, "token"))
    with caplog.at_level(logging.WARNING):
        home.prepare()
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert "0755" in caplog.text
    assert str(home.path) in caplog.text


def test_a_full_home_that_others_may_write_to_is_refused_and_left(tmp_path: Path) -> None:
    folder = made(tmp_path / "home", 0o775, "token")
    with pytest.raises(NotPermitted, match="others may write into") as refused:
        Home(folder).prepare()
    assert refused.value.hint is not None
    assert "chmod 700" in refused.value.hint
    assert [path.name for path in folder.iterdir()] == ["token"]


def test_an_empty_one_is_taken_whatever_its_mode(tmp_path: Path) -> None:
    claim_folder(made(tmp_path / "home", 0o777))
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


@needs_root
@pytest.mark.parametrize("whose", ["", "token"])
def test_what_somebody_else_made_beforehand_is_refused(tmp_path: Path, whose: str) -> None:
    folder = made(tmp_path / "home", 0o700, "token")
    os.chown(folder / whose, SOMEBODY, SOMEBODY)
    with pytest.raises(NotPermitted, match=r"belongs to nobody|belongs to user 65534"):
        Home(folder).prepare()


@needs_root
def test_a_token_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("known")
    os.chown(tmp_path / "token", SOMEBODY, SOMEBODY)
    with pytest.raises(NotPermitted, match="token belongs to"):
        read_secret(tmp_path / "token")


def test_a_token_that_others_may_read_is_closed_with_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    token.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert read_secret(token) == "secret"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert "makes a new one" in caplog.text


@pytest.mark.parametrize("text", ["", "\n", "two words\n", "schl\u00fcssel\n"])
def test_what_is_no_token_is_refused_with_the_way_to_a_new_one(tmp_path: Path, text: str) -> None:
    token = tmp_path / "token"
    token.write_text(text, encoding="utf-8")
    token.chmod(0o600)
    with pytest.raises(UsageError, match="expected one token") as refused:
        read_secret(token)
    assert refused.value.hint is not None
    assert "the next start makes a new one" in refused.value.hint


def test_a_link_is_no_token(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("known")
    (tmp_path / "token").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotPermitted, match="is no file"):
        read_secret(tmp_path / "token")
