from __future__ import annotations

from typing import Any

import pytest

from park.errors import UsageError
from park.model.memo.trace import Trace


def test_a_record_becomes_a_trace() -> None:
    found = Trace.from_json(
        {
            "attempt": 1,
            "read": ["/a", "/b", "/a"],
            "metadata": True,
            "variables": {"TZ": "UTC", "LANG": "C"},
            "since_ns": 5,
            "never": None,
            "only_this_lock": "it started another program",
        }
    )
    assert found == Trace(
        read=frozenset({"/a", "/b"}),
        metadata=True,
        variables=(("LANG", "C"), ("TZ", "UTC")),
        since_ns=5,
        only_this_lock="it started another program",
    )


def test_a_job_and_its_fork_server_together() -> None:
    base = Trace(read=frozenset({"/a"}), metadata=True, since_ns=1, only_this_lock="base")
    own = Trace(read=frozenset({"/b"}), listed=frozenset({"/c"}), since_ns=2, never="own")
    both = base.joined(own)
    assert both.paths == {"/a", "/b", "/c"}
    assert (both.metadata, both.since_ns, both.only_this_lock, both.never) == (
        True,
        1,
        "base",
        "own",
    )


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"read": "/a"},
        {"read": [1]},
        {"metadata": 1},
        {"variables": {"A": 1}},
        {"since_ns": "1"},
        {"since_ns": True},
        {"never": 1},
    ],
)
def test_what_is_none_is_refused(document: Any) -> None:
    with pytest.raises(UsageError, match="not what a job notes"):
        Trace.from_json(document)
