"""Results on their way back: data is read anywhere, a pickle only by the set that wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from park.build.cache import user_cache
from park.build.local_set import local_set
from park.client.jobs.decoded_result import decode_result
from park.errors import EnvironmentMismatch
from park.runtime import codec

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "9" * 64


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def here() -> str:
    """The set hash of a released project that is installed here."""
    return local_set("packaging", cache=user_cache()).requirements.hash


def pickled(value: object, set_hash: str) -> Any:
    return codec.encode(value, set_hash=set_hash)


@pytest.mark.parametrize("set_hash", [None, OTHER])
def test_data_is_read_whatever_the_set_was(set_hash: str | None) -> None:
    value = {"chisq": 1.25, "names": ("a", "b"), "big": 2**70}
    assert decode_result(codec.encode(value, set_hash=None), set_hash=set_hash) == value


def test_a_pickle_of_the_set_that_is_here_is_read_wherever_it_stands(here: str) -> None:
    document = pickled({"found": [Version("1.2")], "also": (Version("2"),)}, here)
    found = decode_result(document, set_hash=here)
    assert found == {"found": [Version("1.2")], "also": (Version("2"),)}


def test_a_pickle_of_another_set_is_not_even_tried(here: str) -> None:
    with pytest.raises(EnvironmentMismatch, match="pickled under the set 9999") as told:
        decode_result(pickled(Version("1.2"), OTHER), set_hash=OTHER)
    assert "numpy arrays" in str(told.value.hint)
    with pytest.raises(EnvironmentMismatch):  # it says one set, its job another
        decode_result(pickled(Version("1.2"), OTHER), set_hash=here)


def test_a_pickle_of_a_job_without_a_set_is_not_read(here: str) -> None:
    with pytest.raises(EnvironmentMismatch, match="cannot be read here"):
        decode_result(pickled(Version("1.2"), here), set_hash=None)


def test_a_type_of_no_project_that_is_here_proves_no_set() -> None:
    document = pickled(Version("1.2"), OTHER) | {"type": "no_such_project.Type"}
    with pytest.raises(EnvironmentMismatch):
        decode_result(document, set_hash=OTHER)


def test_a_value_of_a_later_kind_is_told() -> None:
    with pytest.raises(EnvironmentMismatch, match="unknown kind 'hologram'"):
        decode_result({"$park": "hologram"}, set_hash=OTHER)
