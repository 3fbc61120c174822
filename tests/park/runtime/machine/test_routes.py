"""Whether a route leads anywhere, by what the kernel says."""

from __future__ import annotations

from pathlib import Path

import pytest

from park.runtime.machine.routes import leads_nowhere

HEADLINE = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
OUT = "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
SIX = "00000000000000000000000000000001 80 0 00 0 00000000 00000002 00000000 80200001 "


@pytest.mark.parametrize(
    ("four", "six", "expected"),
    [
        (HEADLINE, None, True),
        (HEADLINE, f"{SIX}      lo\n", True),
        (HEADLINE + OUT, f"{SIX}      lo\n", False),
        (HEADLINE, f"{SIX}      lo\n{SIX}    eth0\n", False),
        (None, None, False),
    ],
)
def test_where_routes_lead(
    tmp_path: Path, four: str | None, six: str | None, *, expected: bool
) -> None:
    for name, text in (("route", four), ("ipv6_route", six)):
        if text is not None:
            (tmp_path / name).write_text(text)
    assert leads_nowhere(str(tmp_path)) is expected
