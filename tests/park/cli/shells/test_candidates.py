"""The values that may stand at a place."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from support.material.projects import write_tree
from support.session.limits import LIMIT_S

from park.cli.main import parser_for
from park.cli.shells.candidates import candidates, in_time
from park.cli.shells.place import place, words_of

RUNNING, ENDED = "0197a000-0000-7000-8000-000000a1b2c3", "0197a000-0000-7000-8000-000000d4e5f6"
LOCK = "3fa91c" + "0" * 58
EDIT = "1.4+t0123456789abcdef"

ANSWERS: dict[str, Any] = {
    "/jobs": [
        {"id": RUNNING, "label": "fit(3)", "status": "running", "entry_point": "m:fit"},
        {"id": ENDED, "label": "", "status": "failed", "entry_point": "m:fit"},
    ],
    "/jobs/a%2Fb": {"files": [{"name": "out.dat", "size": 3}]},
    "/environments": [{"lock_hash": LOCK, "projects": ["m==1.4", "n==2"]}],
    "/versions": [
        {"project": "m", "version": EDIT, "python": "3.11"},
        {"project": "m", "version": "1.4", "python": "3.11"},
    ],
    "/index/projects": [{"name": "m", "versions": 1, "trees": 2},
                        {"name": "n", "versions": 0, "trees": 1}],
    "/index/projects/m": {
        "files": [
            {"version": version, "layer": layer, "uploaded": "2026-11-27T", "uploaded_by": "ada"}
            for version, layer in (("1.3", "projects"), ("1.4", "projects"), (EDIT, "trees"))
        ]
    },
    "/areas": [{"name": "~", "writable": True}, {"name": "/snsdata", "writable": False}],
    "/areas/folders/~/data": [
        {"name": "runs", "kind": "folder", "size": 0},
        {"name": "a b.dat", "kind": "file", "size": 3},
    ],
    "/areas/folders/snsdata": [{"name": "RefL", "kind": "folder", "size": 0}],
    "/offers": [{"project": "m", "version": "1.4", "python": "3.11", "state": "ready"}],
}  # fmt: skip


def found(line: str, service: str | None = None) -> list[tuple[str, str]]:
    def ask(named: str | None, path: str, **_: Any) -> Any:
        assert named == service
        return ANSWERS[path]

    return candidates(place(words_of(line), parser_for), ask)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("park status ", [("a1b2c3", "fit(3), running"), ("d4e5f6", "m:fit, failed")]),
        ("park status 0197", [(RUNNING, "fit(3), running"), (ENDED, "m:fit, failed")]),
        ("park status d", [("d4e5f6", "m:fit, failed")]),
        ("park cancel ", [("a1b2c3", "fit(3), running")]),
        ("park get a/b ", [("out.dat", "3 bytes")]),
        ("park jobs --label f", [("fit(3)", "running")]),
        ("park env show ", [("3fa91c000000", "m==1.4, n==2")]),
        (f"park env show {LOCK[:20]}", [(LOCK, "m==1.4, n==2")]),
        ("park env diff l", [("local", "what is installed here")]),
        ("park env diff 3fa91c m==1.4", [(f"m=={EDIT}", "Python 3.11"), ("m==1.4", "Python 3.11")]),
        ("park versions ", [("m", EDIT)]),
        ("park admin offer m==1.4", [(f"m=={EDIT}", "Python 3.11"), ("m==1.4", "Python 3.11")]),
        ("park admin withdraw ", [("m==1.4", "Python 3.11, ready")]),
        ("park run --offer ", [("m", "m==1.4")]),
        ("park run --offer m==", [("m==1.4", "Python 3.11, ready")]),
        ("park index list n", [("n", "0 versions, 1 trees")]),
        (
            "park index remove m 1.4",
            [(EDIT, "2026-11-27 by ada"), ("1.4", "2026-11-27 by ada")],
        ),
        ("park index status m ", [(each, "") for each in
                                  ("active", "archived", "deprecated", "quarantined")]),
        ("park run m:f --timeout ", []),
        ("park files list ", [("~/", "yours"), ("/snsdata/", "of the operator")]),
        ("park files get ~/data/", [("~/data/runs/", "folder"), ("~/data/a b.dat", "3 bytes")]),
        ("park files get ~/data/a", [("~/data/a b.dat", "3 bytes")]),
        ("park files url /snsdata/R", [("/snsdata/RefL/", "folder")]),
    ],
)  # fmt: skip
def test_each_kind_has_its_values(line: str, expected: list[tuple[str, str]]) -> None:
    assert found(line) == expected


def test_the_service_that_is_named_is_asked() -> None:
    assert found("park status -s lab d", "lab") == [("d4e5f6", "m:fit, failed")]
    copied = found("park index copy --from sns --to lab ", "sns")
    assert copied == [("m==", "1 versions")]
    copied = found("park index copy --from sns m==", "sns")
    assert [value for value, _ in copied] == ["m==1.4", "m==1.3"]


def test_services_are_those_of_the_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text('[services.sns]\nurl = "http://h"\n')
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path))
    assert found("park status -s ") == found("park service use ") == [("sns", "http://h")]


def test_what_fails_is_nothing() -> None:
    assert in_time(lambda: [("a", str(1 // 0))], LIMIT_S) == []
    assert in_time(lambda: [("a", "b")], LIMIT_S) == [("a", "b")]


def test_what_takes_long_is_left_behind() -> None:
    never = threading.Event()

    def waits() -> list[tuple[str, str]]:
        never.wait()
        return [("a", "b")]

    assert in_time(waits, 0.0) == []
    never.set()


def test_modules_of_here_and_what_is_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"film/__init__.py": "", "film/layers.py": "def fit(): ...\nclass Film: ...\n"}
    monkeypatch.chdir(write_tree(tmp_path, files))
    assert ("film", f"developed in {tmp_path}") in found("park install f")
    assert found("park run film.l") == [("film.layers:", str(tmp_path / "film"))]
    assert found("park run film.layers:") == [
        ("film.layers:fit", "function"),
        ("film.layers:Film", "class"),
    ]
    assert found("park submit -s sns film.layers:F") == [("film.layers:Film", "class")]
    assert found("park install ./f") == []
    assert "pytest" in dict(found("park run m:f --with pyt"))
