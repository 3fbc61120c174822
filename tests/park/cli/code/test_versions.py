"""``park versions``: each version with how it differs from here, the first few of that."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from support.material.environments import pinned_environment, requirements_here

from park.cli.code import versions
from park.cli.main import main
from park.client.choosing.nearness import Ranked, ranked
from park.client.choosing.versions import compared

Said = pytest.CaptureFixture[str]


def version(
    *, matches: bool | None, differences: int = 0, number: str = "1", older: int = 0
) -> Any:
    record = SimpleNamespace(
        project="m", version=number, python="3.11", status="ready", packages=2, size_bytes=1,
        own_bytes=1, lock_hash="ab", installed_by="ada", last_used=None, older=older,
    )  # fmt: skip
    return SimpleNamespace(
        record=record,
        matches_local=matches,
        differences=[f"difference {n}" for n in range(differences)],
        as_json=lambda: {"matches": matches},
    )


def told(monkeypatch: pytest.MonkeyPatch, *found: Any) -> None:
    service = SimpleNamespace(url="http://h", versions=lambda _, newest: list(found)[:newest])
    monkeypatch.setattr(versions, "service_of", lambda _: service)


@pytest.mark.parametrize(
    ("matches", "mark"),
    [(True, "matches here"), (False, "differs from here"), (None, "not installed here")],
)
def test_whether_it_is_what_is_here_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, mark: str, *, matches: bool | None
) -> None:
    told(monkeypatch, version(matches=matches))
    assert main(["versions"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(f"  {mark}")
    assert lines[1:] == ["  lock ab", "  by ada, last used never"]
    main(["versions", "--json"])
    assert json.loads(capsys.readouterr().out) == [{"matches": matches}]


@pytest.mark.parametrize(("count", "more"), [(8, None), (11, "  … and 3 more differences")])
def test_of_many_differences_some_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, count: int, more: str | None
) -> None:
    told(monkeypatch, version(matches=False, differences=count))
    assert main(["versions", "m"]) == 0
    lines = capsys.readouterr().out.splitlines()[3:]
    assert lines == [f"  difference {n}" for n in range(8)] + ([more] if more else [])


@pytest.mark.parametrize(("words", "what"), [(["m"], "m"), ([], "any project")])
def test_a_service_without_any_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, words: list[str], what: str
) -> None:
    told(monkeypatch)
    assert main(["versions", *words]) == 0
    command = f"park install {words[0] if words else 'MODULE'}"
    line = f"http://h has no version of {what}: {command} brings the one that is installed here\n"
    assert capsys.readouterr().out == line


@pytest.mark.parametrize(
    ("number", "line"),
    [("1", "… and 4990 older releases of m (--all)"),
     ("1+t0123456789abcdef", "… and 4990 older edits of m (--all)")],
)  # fmt: skip
def test_of_thousands_the_newest_are_shown_and_the_rest_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, number: str, line: str
) -> None:
    shown = [version(matches=None, number=number) for _ in range(9)]
    told(monkeypatch, *shown, version(matches=None, number=number, older=4990), *shown)
    assert main(["versions", "m"]) == 0
    assert capsys.readouterr().out.splitlines()[3 * 10 :] == [line]
    assert main(["versions", "m", "--all", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 19


def test_the_nearest_are_numbered_and_say_why_they_stand_there(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    local = requirements_here(demo="2.0")
    found = [compared(pinned_environment(demo=each), local) for each in ("1.9", "1.8")]
    asked = []

    def nearest_versions(project: str, *, entry_point: str | None) -> list[Ranked]:
        asked.append((project, entry_point))
        return ranked(found, local, "demo", "2.0")

    service = SimpleNamespace(url="http://h", nearest_versions=nearest_versions)
    monkeypatch.setattr(versions, "service_of", lambda _: service)
    assert main(["versions", "--nearest", "demo", "--job", "demo:fit"]) == 0
    assert asked == [("demo", "demo:fit")]
    assert capsys.readouterr().out.splitlines() == [
        f"1  demo 1.9 on Python 3.11  lock {'1' * 12}",
        "     demo: 2.0 here, 1.9 there",
        f"2  demo 1.8 on Python 3.11  lock {'1' * 12}",
        "     farther: 1.8 is farther from here than 1.9",
        "     demo: 2.0 here, 1.8 there",
    ]
    found.clear()
    assert main(["versions", "--nearest", "demo"]) == 0
    assert "http://h has no version of demo: park install demo" in capsys.readouterr().out
    assert main(["versions", "--nearest"]) == 2
    assert "park versions --nearest PROJECT" in capsys.readouterr().err
