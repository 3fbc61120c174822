# Written as a scientist would.
# ruff: noqa: ANN001, ANN201, T201
"""Jobs that go on for a while."""

import time
from pathlib import Path

import park


@park.job
def slow(n=3):
    """Take n seconds, step by step."""
    for step in range(n):
        print(f"step {step}", flush=True)
        park.progress(step, n, note="working")
        if park.should_stop():
            return step
        time.sleep(1)
    return n


class Thing:
    """A value that JSON does not have."""


def leave():
    """Leave two files."""
    Path("curve.txt").write_text("1.0 2.0\n" * 1250)
    Path("plots").mkdir()
    Path("plots/residuals.png").write_bytes(b"a picture")
