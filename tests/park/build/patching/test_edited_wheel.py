"""Which members an edit replaces, and of which trees only a build can tell."""

from __future__ import annotations

import pytest

from park.build.patching.edited_wheel import Held, replaced_members

BEFORE = {
    "pyproject.toml": Held("-", "p"),
    "src/film/__init__.py": Held("-", "empty"),
    "src/film/layers/__init__.py": Held("-", "empty"),
    "src/film/model.py": Held("-", "m"),
    "src/film/run.py": Held("x", "r"),
    "src/film/data.txt": Held("-", "d"),
    "src/film/again.py": Held("l", "link"),
    "tests/test_model.py": Held("-", "t"),
}
SHIPPED = {
    "film/__init__.py": "empty",
    "film/layers/__init__.py": "empty",
    "film/model.py": "m",
    "film/run.py": "r",
    "film/data.txt": "d",
    "film-1.dist-info/METADATA": "i",
}


def replaced(
    edits: dict[str, Held], shipped: dict[str, str] = SHIPPED, before: dict[str, Held] = BEFORE
) -> dict[str, str] | None:
    return replaced_members(before, before | edits, shipped)


def test_modules_are_found_under_the_end_of_their_path() -> None:
    edits = {"src/film/model.py": Held("-", "m2"), "src/film/run.py": Held("x", "r2")}
    assert replaced(edits) == {
        "film/model.py": "src/film/model.py",
        "film/run.py": "src/film/run.py",
    }


def test_of_modules_with_the_same_content_each_is_its_own() -> None:
    found = replaced({"src/film/layers/__init__.py": Held("-", "new")})
    assert found == {"film/layers/__init__.py": "src/film/layers/__init__.py"}


def test_nothing_edited_replaces_nothing() -> None:
    assert replaced({}) == {}


ONLY_A_BUILD: dict[str, dict[str, Held]] = {
    "a file more": {"src/film/new.py": Held("-", "n")},
    "another mode": {"src/film/model.py": Held("x", "m")},
    "a link that leads elsewhere": {"src/film/again.py": Held("l", "other")},
    "configuration": {"pyproject.toml": Held("-", "p2")},
    "data, which may be read by the build": {"src/film/data.txt": Held("-", "d2")},
    "a module that is not shipped": {"tests/test_model.py": Held("-", "t2")},
}


@pytest.mark.parametrize("edits", ONLY_A_BUILD.values(), ids=ONLY_A_BUILD)
def test_only_a_build_can_tell(edits: dict[str, Held]) -> None:
    assert replaced(edits) is None
    assert replaced({**edits, "src/film/run.py": Held("x", "r2")}) is None


def test_a_file_less() -> None:
    now = {path: held for path, held in BEFORE.items() if path != "src/film/data.txt"}
    assert replaced_members(BEFORE, now, SHIPPED) is None


COPIED_OTHERWISE: dict[str, dict[str, str]] = {
    "under another name": {"movie/model.py": "m"},
    "with other content": {"film/model.py": "changed by the build"},
    "twice": {"film/model.py": "m", "model.py": "m"},
    "once more, where a link leads to it": {"film/model.py": "m", "film/again.py": "m"},
}


@pytest.mark.parametrize("shipped", COPIED_OTHERWISE.values(), ids=COPIED_OTHERWISE)
def test_a_module_that_is_not_copied_once_under_its_name(shipped: dict[str, str]) -> None:
    others = {name: digest for name, digest in SHIPPED.items() if name != "film/model.py"}
    edits = {"src/film/model.py": Held("-", "m2")}
    assert replaced(edits) is not None
    assert replaced(edits, others | shipped) is None
