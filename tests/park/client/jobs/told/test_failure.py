"""What a failed job raises: where to look, and first where what it lacked is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from park.client.jobs.told import failure as module
from park.client.jobs.told.failure import failure

if TYPE_CHECKING:
    import pytest


def test_it_says_where_to_look_and_has_the_traceback() -> None:
    error = failure("0199", "os:getcwd", "OSError: no", "Traceback …")
    assert error.message == "job 0199 failed: OSError: no"
    assert error.hint == "park status 0199 --traceback; park logs 0199"
    assert error.details == {"traceback": "Traceback …"}


def test_what_was_left_behind_is_said_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "left_behind", lambda *_: "plugin is here, and stays here")
    hint = failure("0199", "m:f", "ModuleNotFoundError: plugin", None).hint
    assert hint is not None
    assert hint.startswith("plugin is here, and stays here; park status 0199")
