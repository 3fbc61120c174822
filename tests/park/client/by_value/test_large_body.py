"""Functions with much data in them."""

from __future__ import annotations

import os
from typing import Any

import pytest

from park.client.by_value import large_body
from park.client.by_value.large_body import MOST_INLINE, kept_as_file
from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import called
from park.client.jobs.arguments import encode_call


@pytest.fixture(autouse=True)
def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_body, "_folder", [])


def function(size: int) -> Any:
    data = b"x" * size
    return lambda: len(data)


def test_above_the_limit_it_is_a_file_that_each_job_names() -> None:
    sending = Sending(ModuleWays())
    what = called(function(MOST_INLINE), sending)
    assert what.body is not None
    call = encode_call((), {}, service="http://one.example", sending=sending, what=what)
    ((path, digest),) = call.files
    assert path.stat().st_size > MOST_INLINE
    assert call.document["function"]["value"] == {
        "$park": "file",
        "sha256": digest.sha256,
        "name": digest.name,
    }


def test_below_it_travels_in_the_call() -> None:
    sending = Sending(ModuleWays())
    what = called(function(10), sending)
    call = encode_call((), {}, service="http://one.example", sending=sending, what=what)
    assert (what.body, call.files) == (None, ())


def test_the_file_is_the_process_s_own() -> None:
    path = kept_as_file(b"data")
    assert kept_as_file(b"data") == path
    large_body._remove(path.parent, os.getpid() + 1)
    assert path.read_bytes() == b"data"
    large_body._remove(path.parent, os.getpid())
    assert not path.parent.exists()
