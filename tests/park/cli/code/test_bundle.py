"""``park bundle``: what is in the file, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import park.client.installs.bundle as bundle_module
from park.build import local_set
from park.cli.main import main

Said = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class Wheel:
    name: str


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What of each bundle came from here."""
    source = SimpleNamespace(pin="m==1", wheel=lambda **_: SimpleNamespace(path=tmp_path / "m.whl"))
    requirements = SimpleNamespace(pins=("m==1", "abc==2"))
    local = SimpleNamespace(sources=(source,), requirements=requirements)
    found: list[Any] = []

    def write_bundle(_local: Any, wheels: Any, output: Path) -> Any:
        found.append(wheels)
        output.write_bytes(bytes(2048))
        wheel = Wheel(name="m")
        return SimpleNamespace(project="m", version="1", python="3.11", wheels=(wheel, wheel))

    monkeypatch.setattr(local_set, "local_set", lambda *_, **__: local)
    monkeypatch.setattr(bundle_module, "write_bundle", write_bundle)
    return found


def test_people_are_told_what_is_in_it(built: list[Any], capsys: Said, tmp_path: Path) -> None:
    file = tmp_path / "m.zip"
    assert main(["bundle", "m", "-o", str(file)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "m 1 for Python 3.11"
    assert said.out.splitlines()[1].startswith(f"{file}: 2 wheels, ")
    assert "fetching 1 releases" in said.err
    assert built == [{"m==1": tmp_path / "m.whl"}]


@pytest.mark.usefixtures("built")
def test_the_same_for_programs(capsys: Said, tmp_path: Path) -> None:
    assert main(["bundle", "m", "-o", str(tmp_path / "m.zip"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["size"], found["python"]) == (2048, "3.11")
    assert found["wheels"] == [{"name": "m"}, {"name": "m"}]
