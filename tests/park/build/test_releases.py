from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.wheels import make_wheel

from park.build.releases import pip_on
from park.errors import ResolutionFailed
from park.model.pins import parse_pin

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all the index that pip has."""
    folder = tmp_path / "index"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    make_wheel(folder, "film", "1.0", requires=["nobody-has-this"])
    make_wheel(folder, "film", "2.0")
    return folder


def test_the_pinned_release_comes_alone(index: Path, tmp_path: Path) -> None:
    assert index.is_dir()
    target = tmp_path / "wheels"
    pip_on([parse_pin("film", "1.0")], "download", "--dest", str(target), failure="no")
    assert [path.name for path in target.iterdir()] == ["film-1.0-py3-none-any.whl"]


def test_what_has_no_wheel_is_told_in_pips_words(index: Path, tmp_path: Path) -> None:
    assert index.is_dir()
    with pytest.raises(ResolutionFailed, match=r"(?s)^cannot fetch it:\n.*film==3") as caught:
        pip_on(
            [parse_pin("film", "3")], "download", "--dest", str(tmp_path), failure="cannot fetch it"
        )
    assert "no wheel on the index" in str(caught.value.hint)
