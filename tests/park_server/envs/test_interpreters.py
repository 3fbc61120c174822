"""`park_server.envs.interpreters`: find them, ask them, choose among them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.labs.environment_lab import own_interpreter

from park.errors import NoInterpreter
from park_server.envs import interpreters
from park_server.envs.interpreters import (
    choose,
    default_candidates,
    discover,
    interpreter_for,
    query,
)

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_our_own_interpreter_is_found_and_described() -> None:
    own = discover([Path(sys.executable)])[OWN]

    assert own.version == sys.version.split()[0]
    assert own.cache_tag == sys.implementation.cache_tag
    assert own.markers["python_version"] == OWN
    assert own.tags[-1] == "py30-none-any"
    assert own.target.abi.startswith("cp3")


def test_of_a_virtualenv_the_base_is_taken() -> None:
    own = query(Path(sys.executable))

    assert own is not None
    assert Path(sys.base_prefix) in own.executable.parents


def test_what_is_no_python_is_passed_over(tmp_path: Path) -> None:
    impostor = tmp_path / "python3.12"
    impostor.write_text("#!/bin/sh\necho nonsense\n")
    impostor.chmod(0o755)

    assert query(impostor) is None
    assert query(tmp_path / "absent") is None
    assert list(discover([impostor, Path(sys.executable)])) == [OWN]


def test_only_a_program_that_may_be_none_has_little_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []

    def asked(_: object, *, timeout: float | None, **__: object) -> None:
        limits.append(timeout)
        raise subprocess.TimeoutExpired("python", 0)

    monkeypatch.setattr(subprocess, "run", asked)
    interpreters._query.cache_clear()
    (tmp_path / "python3").touch()
    assert query(tmp_path / "python3") is None
    assert query(Path(sys.executable)) is None
    interpreters._query.cache_clear()
    assert limits[0] is not None
    assert limits[1] is None, "a service is this Python, however busy its machine is"


def test_a_link_to_an_old_version_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(interpreters, "query", asked.append)
    for name, target in {"old": "python3.9", "new": "python3.11"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / target).touch()
        (tmp_path / name / "python3").symlink_to(target)

    assert discover([tmp_path / "old/python3", tmp_path / "new/python3"]) == {}

    assert asked == [tmp_path / "new/python3"]


def test_candidates_are_our_own_then_path_then_pyenv(tmp_path: Path) -> None:
    for folder, names in {
        "bin": ["python3.12", "python3.9", "python3-config"],
        "pyenv/shims": ["python3.13"],
        "pyenv/versions/3.13.0/bin": ["python3.13"],
    }.items():
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            (tmp_path / folder / name).touch()
    pyenv = tmp_path / "pyenv"
    path = f"{tmp_path / 'absent'}:{tmp_path / 'bin'}:{pyenv / 'shims'}"

    found = default_candidates({"PATH": path, "PYENV_ROOT": str(pyenv)})

    assert found == [
        Path(sys.executable),
        tmp_path / "bin/python3.12",
        pyenv / "versions/3.13.0/bin/python3.13",
    ]


def test_a_place_that_cannot_be_looked_into_has_none(tmp_path: Path) -> None:
    too_long = str(tmp_path / ("x" * 300))  # as root no folder is closed
    assert default_candidates({"PATH": too_long, "PYENV_ROOT": too_long}) == [Path(sys.executable)]


def test_our_own_version_wins_then_the_newest() -> None:
    base = own_interpreter()
    of = {v: replace(base, version=v) for v in ("3.11.2", "3.11.7", "3.11.10")}
    minors = [replace(i, target=replace(i.target, python="3.11")) for i in of.values()]

    assert choose(minors, own="3.11.7")["3.11"].version == "3.11.7"
    assert choose(minors, own="3.12.1")["3.11"].version == "3.11.10"


def test_minors_are_sorted_as_versions() -> None:
    base = own_interpreter()
    found = [
        replace(base, target=replace(base.target, python=minor)) for minor in ("3.100", "3.11")
    ]

    assert list(choose(found, own="")) == ["3.11", "3.100"]


def test_a_missing_minor_lists_those_that_there_are() -> None:
    here = {OWN: own_interpreter()}

    with pytest.raises(NoInterpreter, match=f"no Python 3.99; it has {OWN}") as caught:
        interpreter_for(here, "3.99")

    assert caught.value.details["available"] == [OWN]
    assert interpreter_for(here, OWN) is here[OWN]
