"""``park get``: where a file of a job goes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.jobs import get
from park.cli.main import main


class OneJob:
    """A job with files, which notes where they go."""

    def __init__(self) -> None:
        self.fetched: list[tuple[str, Path]] = []
        self.transport = SimpleNamespace(copy=self._copy)

    def fetch(self, name: str, target: Path) -> None:
        self.fetched.append((name, target))

    def route_of(self, name: str) -> str:
        return f"/files/{name}"

    def _copy(self, route: str, write: Any) -> None:
        write(f"content of {route}".encode())


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> OneJob:
    made = OneJob()
    monkeypatch.setattr(get, "service_of", lambda _: SimpleNamespace(job=lambda _: made))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    return made


@pytest.mark.parametrize(
    ("output", "target"),
    [
        ([], "fit.png"),
        (["-o", "film.png"], "film.png"),
        (["-o", "there"], "there/fit.png"),
        (["-o", "new/"], "new/fit.png"),
    ],
)
def test_a_file_goes_where_it_is_said(
    job: OneJob, capsys: pytest.CaptureFixture[str], output: list[str], target: str
) -> None:
    assert main(["get", "a", "out/fit.png", *output]) == 0
    assert job.fetched == [("out/fit.png", Path(target))]
    assert capsys.readouterr().out == f"{target}\n"


def test_a_file_goes_to_stdout_and_nothing_else_does(
    job: OneJob, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["get", "a", "out/fit.png", "-o", "-"]) == 0
    assert capfdbinary.readouterr().out == b"content of /files/out/fit.png"
    assert job.fetched == []
