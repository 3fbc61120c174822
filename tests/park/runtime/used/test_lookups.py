from __future__ import annotations

import importlib.util
import sys

import pytest

from park.runtime.used.lookups import Unfound
from park.runtime.used.notes import Notes


@pytest.fixture
def unfound(monkeypatch: pytest.MonkeyPatch) -> Unfound:
    """Give a finder that is asked last."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "path", ["/env/site", "/elsewhere"])
    found = Unfound(Notes(), "/env/")
    found.install()
    return found


def test_a_module_that_nobody_finds(unfound: Unfound) -> None:
    assert importlib.util.find_spec("optional_thing_of_park") is None
    with pytest.raises(ImportError):
        importlib.import_module("another_thing_of_park.part")
    assert unfound.notes.missing == {
        "/env/site/optional_thing_of_park",
        "/env/site/another_thing_of_park",
    }


def test_a_part_of_a_package(unfound: Unfound) -> None:
    unfound.find_spec("model.fast", ["/env/site/model", "/other/model"])
    assert unfound.notes.missing == {"/env/site/model/fast"}


def test_it_knows_whether_it_is_asked(unfound: Unfound) -> None:
    assert unfound.is_asked
    sys.meta_path.pop()
    assert not unfound.is_asked
