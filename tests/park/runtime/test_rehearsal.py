"""A rehearsal does what a job does, leaves nothing, and needs no file once there are jobs."""

from __future__ import annotations

import builtins
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from park.runtime import codec, outcome, rehearsal


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which parts of a job are done."""
    found: list[str] = []
    for module, name in (
        (codec, "encode_call"),
        (codec, "decode_call"),
        (codec, "encode"),
        (outcome, "completed"),
    ):
        real = getattr(module, name)

        def noted(*args: Any, _real: Any = real, _name: str = name, **kwargs: Any) -> Any:
            found.append(_name)
            return _real(*args, **kwargs)

        monkeypatch.setattr(module, name, noted)
    return found


PARTS = {"encode_call", "decode_call", "encode", "completed"}


def test_all_of_a_job_is_done_and_nothing_stays(
    done: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rehearsal.rehearse()
    assert set(done) == PARTS
    assert list(tmp_path.iterdir()) == []


def test_before_any_fork_it_is_done_until_the_interpreter_has_specialised_it(
    done: list[str],
) -> None:
    rehearsal.rehearse_often()
    assert all(done.count(part) > 8 for part in PARTS)  # PEP 659


def test_a_child_that_waits_opens_no_file_for_writing(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open = builtins.open

    def reading(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        assert not set(mode) & set("wax+"), file
        return real_open(file, mode, *args, **kwargs)

    def refuse(*args: Any, **_: Any) -> Any:
        raise AssertionError(args)

    monkeypatch.setattr(builtins, "open", reading)
    for name in ("mkdir", "symlink", "rename", "replace"):
        monkeypatch.setattr(os, name, refuse)
    rehearsal.rehearse_in_memory()
    assert set(done) == PARTS
