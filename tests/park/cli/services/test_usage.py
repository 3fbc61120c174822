"""``park usage``: a line for each thing that one has, with its limit."""

from __future__ import annotations

from park.cli.services.usage import lines
from park.wire import LimitRecord, QuotaRecord


def test_each_limit_has_a_line() -> None:
    record = QuotaRecord(
        user="ada",
        limits=[
            LimitRecord(name="waiting", used=1_200, limit=50_000),
            LimitRecord(name="running", used=3, limit=None),
            LimitRecord(name="running", used=5, limit=8, group="lab"),
            LimitRecord(name="disk", used=3 << 20, limit=1 << 30),
        ],
        disk={"files": 3 << 20, "area": 0},
        requests_per_s=2.5,
        jobs_in_a_request=1_000,
        share=2,
    )
    assert list(lines(record)) == [
        "jobs waiting                  1,200 of 50,000",
        "jobs running                      3, no limit",
        "jobs running, lab                 5 of 8",
        "disk                        3.0 MiB of 1.0 GiB (files 3.0 MiB)",
        "requests a second               2.5",
        "jobs in one request           1,000",
        "share of the slots                2, where others have 1",
    ]


def test_without_limits_it_says_so() -> None:
    record = QuotaRecord(
        user="ada",
        limits=[LimitRecord(name="cores", used=0, limit=None)],
        disk={},
        requests_per_s=None,
        jobs_in_a_request=None,
        share=1,
    )
    assert list(lines(record)) == ["cores                             0, no limit"]
