"""The skeleton of an environment: made once for an interpreter, and copied for each place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.labs.environment_lab import own_interpreter, run_python

from park_server.envs.farm import template
from park_server.envs.farm.template import Skeleton, Templates


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="module")
def skeleton(templates: Templates) -> Skeleton:
    return templates.skeleton(own_interpreter())


def test_it_has_an_interpreter_and_no_packages(skeleton: Skeleton) -> None:
    assert "bin/python" in skeleton.reserved
    assert "pyvenv.cfg" in skeleton.reserved
    (site,) = [path for path in skeleton.directories if path.endswith("/site-packages")]
    assert not [path for path in skeleton.directories if path.startswith(f"{site}/")]


def test_a_copy_is_an_environment_at_its_place(skeleton: Skeleton, tmp_path: Path) -> None:
    building, final = tmp_path / "building", tmp_path / "final"
    skeleton.copy(building, final=final)
    texts = [path.read_bytes() for path in building.rglob("*") if path.is_file()]
    assert not [text for text in texts if skeleton.origin.encode() in text]
    assert any(str(final).encode() in text for text in texts)
    building.rename(final)
    prefix = run_python(final / "bin" / "python", "import sys; print(sys.prefix)")
    assert prefix == str(final)
    modes = {path.stat().st_mode & 0o222 for path in final.rglob("*.py")}
    assert modes <= {0}  # nobody writes to what is shared


def test_it_is_made_once_for_each_interpreter(
    templates: Templates, skeleton: Skeleton, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    monkeypatch.setattr(Templates, "_make", lambda _self, _interpreter, final: made.append(final))
    assert templates.skeleton(own_interpreter()) == skeleton
    assert made == []
    newer = replace(own_interpreter(), version="3.99.0")
    with pytest.raises(FileNotFoundError):
        templates.skeleton(newer)
    assert len(made) == 1
    assert template._key(newer) != template._key(own_interpreter())


def test_what_is_unfinished_is_swept_and_the_rest_stays(
    templates: Templates, skeleton: Skeleton
) -> None:
    del skeleton
    assert templates.sweep() == []
    assert templates.skeleton(own_interpreter()).directories
