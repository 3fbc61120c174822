"""``park lock``: on stdout, or a file with the wheels of here beside it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from park.build import local_lock, local_set
from park.cli.main import main
from park.model.pins import parse_pin

Said = pytest.CaptureFixture[str]
TEXT = "lock-version = '1.0'\n"


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[bool]:
    """Whether each lock was to name its wheels beside itself."""
    (tmp_path / "m-1.whl").write_bytes(b"wheel")
    pin = parse_pin("m", "1")
    source = SimpleNamespace(pin=pin, wheel=lambda **_: SimpleNamespace(path=tmp_path / "m-1.whl"))
    found = SimpleNamespace(
        sources=(source,),
        project=SimpleNamespace(name="m"),
        version="1",
        requirements=SimpleNamespace(pins=(pin, parse_pin("abc", "2")), python="3.11", hash="cd"),
    )
    asked: list[bool] = []

    def locked(_requirements: Any, wheels: Any, *, beside: bool) -> str:
        assert wheels.keys() == {pin}
        asked.append(beside)
        return TEXT

    monkeypatch.setattr(local_set, "local_set", lambda *_, **__: found)
    monkeypatch.setattr(local_lock, "locked", locked)
    return asked


def test_stdout_has_the_lock_and_nothing_else(beside: list[bool], capsys: Said) -> None:
    assert main(["lock", "m"]) == 0
    said = capsys.readouterr()
    assert said.out == TEXT
    assert "looking up 1 releases" in said.err
    assert beside == [False]


def test_a_file_has_the_wheels_of_here_beside_it(
    beside: list[bool], capsys: Said, tmp_path: Path
) -> None:
    file = tmp_path / "new" / "pylock.toml"
    assert main(["lock", "m", "-o", str(file)]) == 0
    assert file.read_text() == TEXT
    assert (tmp_path / "new" / "wheels" / "m-1.whl").read_bytes() == b"wheel"
    assert capsys.readouterr().out == ""
    assert beside == [True]


@pytest.mark.usefixtures("beside")
def test_programs_get_the_pins_as_well(capsys: Said) -> None:
    assert main(["lock", "m", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["lock"], found["pins"]) == (TEXT, {"m": "1", "abc": "2"})
