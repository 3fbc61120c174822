"""A lock as a virtualenv here: which Python, by which installer, opened by what."""

from __future__ import annotations

import hashlib
import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from park.client.access.address import Address
from park.client.debugging import local_environment as module
from park.client.debugging.local_environment import local_environment
from park.errors import CannotSatisfy, InsecureTransport, UsageError
from park.local.python_minor import python_minor

SERVICE = Address(url="https://lab.example/park", token="park_secret")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], str]]:
    """Return what was run in place of running it, each with what its netrc says."""
    found: list[tuple[Sequence[str], str]] = []

    def run(command: Sequence[str], variables: dict[str, str]) -> None:
        netrc = Path(variables["NETRC"]) if "NETRC" in variables else None
        if netrc is not None:
            assert stat.S_IMODE(netrc.stat().st_mode) == 0o600
        else:
            Path(command[-1]).mkdir(exist_ok=True)  # the virtualenv
        found.append((command, "" if netrc is None else netrc.read_text()))

    monkeypatch.setattr(module, "_ran", run)
    return found


LOCK_NAME = hashlib.sha256(b"lock").hexdigest()
"""By what is in it: what a service calls it is not believed."""


def make(folder: Path, *, python: str | None = None, service: Address = SERVICE) -> Path:
    wanted = python or python_minor()
    return local_environment(folder, "lock", python=wanted, address=service)


def test_it_is_made_once(tmp_path: Path, ran: list[tuple[Sequence[str], str]]) -> None:
    executable = make(tmp_path)
    assert executable == tmp_path / LOCK_NAME / "bin" / "python"
    assert make(tmp_path) == executable
    assert len(ran) == 2


def test_one_that_was_cut_off_is_made_again(
    tmp_path: Path, ran: list[tuple[Sequence[str], str]]
) -> None:
    half = tmp_path / LOCK_NAME
    half.mkdir()
    (half / "half").touch()
    make(tmp_path)
    assert not (half / "half").exists()
    assert len(ran) == 2


def test_the_token_is_in_a_file_and_in_no_argument(
    tmp_path: Path, ran: list[tuple[Sequence[str], str]]
) -> None:
    make(tmp_path)
    _, (install, netrc) = ran
    assert netrc == "machine lab.example login __token__ password park_secret\n"
    assert "park_secret" not in " ".join(install)


def test_a_token_goes_nowhere_that_others_can_read(
    tmp_path: Path, ran: list[tuple[Sequence[str], str]]
) -> None:
    with pytest.raises(InsecureTransport):
        make(tmp_path, service=Address(url="http://lab.example", token="park_secret"))
    assert len(ran) == 1


@pytest.mark.parametrize("uv", [None, "/opt/uv"])
def test_uv_installs_it_where_there_is_one_and_else_pip(
    tmp_path: Path,
    ran: list[tuple[Sequence[str], str]],
    monkeypatch: pytest.MonkeyPatch,
    uv: str | None,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: uv)
    make(tmp_path)
    command = ran[1][0]
    assert (command[0] == uv) is (uv is not None)
    assert ("pip" in command, "sync" in command) == (True, uv is not None)


def test_another_minor_is_looked_for_on_the_path(
    tmp_path: Path, ran: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}")
    make(tmp_path, python="3.99")
    assert ran[0][0][0] == "/opt/python3.99"


def test_without_it_nothing_is_made_and_the_hint_says_how_to_have_it(
    tmp_path: Path, ran: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match=r"no python3\.99 on its PATH") as found:
        make(tmp_path, python="3.99")
    assert "uv python install 3.99" in str(found.value.hint)
    assert ran == []


@pytest.mark.parametrize("python", ["../../../tmp/evil", "3.11/../x", "3", "", "3.11 ", "three"])
def test_a_minor_that_is_none_names_no_program(
    tmp_path: Path, ran: list[tuple[Sequence[str], str]], python: str
) -> None:
    with pytest.raises(UsageError, match="no minor version of Python"):
        local_environment(tmp_path, "lock", python=python, address=SERVICE)
    assert ran == []


def test_nothing_is_built_to_make_one(
    tmp_path: Path, ran: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would run before anybody called anything, and with the user's own variables."""
    for uv, word in (("/opt/uv", "--no-build"), (None, "--only-binary")):
        monkeypatch.setattr(shutil, "which", lambda _, uv=uv: uv)
        ran.clear()
        make(tmp_path / str(uv is None))
        assert word in ran[1][0]


def test_what_the_installer_says_is_told() -> None:
    code = "import sys; sys.exit('warning: old\\nerror: no wheel of numpy for this platform')"
    with pytest.raises(CannotSatisfy, match="made here: error: no wheel of numpy"):
        module._ran([sys.executable, "-c", code], {})
