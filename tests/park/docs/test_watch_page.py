"""The page of watching a service says what the program answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

from park_server.log_lines.json_lines import FACTS
from park_server.log_lines.setup import LEVELS, LogFormat
from park_server.operating.catalogue import CATALOGUE
from park_server.operating.latencies import BY_ITSELF
from park_server.operating.readiness import Condition, reasons
from park_server.samples.printed import SAMPLES
from park_server.trust.access import OPEN, TABLE

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "operate" / "watch.md").read_text(encoding="utf-8")
ALL = Condition(database_lost=True, database_damaged=True, disk_refuses=True, stops=True)


def test_every_metric_has_its_line_and_no_other_is_named() -> None:
    lines = re.findall(
        r"^\| `(park_\w+)` \((\w+)(?: by ([^)]*))?\) \| (.*) \|$", PAGE, re.MULTILINE
    )
    assert [
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)), said)
        for name, kind, labels, said in lines
    ] == [(each.name, each.kind, each.labels, each.help) for each in CATALOGUE]
    assert f"the engine `{BY_ITSELF}`" in PAGE


def test_every_reason_has_its_line() -> None:
    lines = re.findall(r"^\| `([^`]*)` \| ", PAGE.partition("## Metrics")[0], re.MULTILINE)
    assert lines == reasons(ALL)


def test_what_it_says_of_tokens_is_so() -> None:
    needs = {each.path: each.needs for each in TABLE}
    assert needs["/metrics"] == "observe"
    assert {("GET", "/health"), ("GET", "/ready")} <= OPEN
    assert "--role observe" in PAGE


def test_the_samples_that_it_prints_are_there() -> None:
    named = set(re.findall(r"--sample (\w+)", PAGE))
    assert {"grafana", "alerts"} <= named <= set(SAMPLES)


def test_the_line_of_a_log_has_what_records_may_say() -> None:
    line = json.loads(PAGE.partition("```json")[2].partition("```")[0])
    facts = [name for name in line if name not in {"time", "level", "logger", "message"}]
    assert [name for name in FACTS if name in facts] == facts
    assert set(re.findall(r"--log-format (\w+)", PAGE)) <= set(LogFormat)
    assert set(re.findall(r"--log-level (\w+)", PAGE)) <= set(LEVELS)
