"""What the pages say of the web page of a service is what is there."""

from __future__ import annotations

import re
from pathlib import Path

from park.wire import TokenClass
from park_server.http.gate.session_cookie import name_of
from park_server.page.front import POLICY, STATIC
from park_server.page.texts.child import CPU_S, MEMORY
from park_server.page.texts.readme import MOST_RENDERED
from park_server.trust.access import TABLE
from park_server.trust.held_token import LOGIN

ROOT = Path(__file__).parents[3]


def text(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_each_view_is_described_by_its_name() -> None:
    page = text("how-to/see-a-service.md")
    tabs = re.search(r"const TABS = \[(.*)\];", (STATIC / "main.js").read_text(encoding="utf-8"))
    assert tabs is not None
    names = re.findall(r'\["[a-z]*", "([A-Za-z]+)"\]', tabs[1])
    assert names[:2] == ["Now", "Jobs"]
    assert [name for name in names if f"**{name}**" not in page] == []


def test_what_is_said_of_a_session_is_so() -> None:
    said = text("reference/http.md")
    assert name_of("https", "h:PORT").replace("443", "PORT") in said
    assert f"for {LOGIN.seconds // 3600} hours" in said
    assert f"lasts {LOGIN.seconds // 3600}\nhours" in text("how-to/see-a-service.md")
    closed = {
        (each.method, each.path.removeprefix("/api/v1"))
        for each in TABLE
        if TokenClass.USER in each.classes and TokenClass.BROWSER not in each.classes
    }
    assert {("POST", "/tokens"), ("POST", "/grants"), ("POST", "/admin/rotate")} <= closed


def test_what_the_threat_model_says_of_the_policy_is_in_it() -> None:
    assert "require-trusted-types-for 'script'" in POLICY
    assert "script-src 'self';" in POLICY
    assert "Trusted Types" in text("explanation/threat-model.md")


def test_the_log_keeps_as_many_lines_as_is_said() -> None:
    lines = re.search(r"MOST_LINES = (\d+)", (STATIC / "log.js").read_text(encoding="utf-8"))
    assert lines is not None
    assert f"the last {int(lines[1]):,} lines" in text("how-to/see-a-service.md")


def test_the_pictures_are_those_that_the_script_makes() -> None:
    script = (ROOT / "scripts" / "screenshots.py").read_text(encoding="utf-8")
    made = set(re.findall(r'PICTURES / "(\w+\.png)"', script))
    there = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    shown = re.findall(
        r"pictures/(\w+\.png)", text("how-to/see-a-service.md") + text("../README.md")
    )
    assert made == there == set(shown)


def test_what_the_page_says_of_packages_is_on_it() -> None:
    page = text("how-to/see-a-service.md")
    assert "of a working tree its source, line by line" in " ".join(page.split())
    assert "Pictures in a README are links" in page
    readme = (STATIC / "readme.js").read_text(encoding="utf-8")
    assert 'if (tag === "img") return picture(node);' in readme
    assert '"img"' not in readme.partition("const PLAIN")[2].partition("\n")[0]


def test_the_record_of_the_limits_says_those_of_the_process() -> None:
    record = text("decisions/0076-what-others-packed-is-read-by-a-process-of-its-own.md")
    assert f"within {CPU_S} seconds of processor time and {MEMORY >> 30} GiB" in " ".join(
        record.split()
    )
    assert MOST_RENDERED == 1 << 19
    assert "half a million\ncharacters" in record


def test_the_figures_of_the_page_stand_beside_the_limits_of_the_bench() -> None:
    record = " ".join(text("decisions/0052-a-page-of-files-and-a-token-in-a-cookie.md").split())
    bench = (ROOT / "scripts" / "benchmarks" / "page.py").read_text(encoding="utf-8")
    limits = dict(re.findall(r"^(\w+) = ([\d_.]+)$", bench, flags=re.MULTILINE))
    assert f"a workflow of {int(limits['JOBS']):,} jobs" in record
    assert f"(limit {limits['OPEN_LIMIT_S']})" in record
    assert f"(limit {limits['SHARE_LIMIT']})" in record
    assert limits["PEOPLE"] == "10"
    assert limits["A_SECOND"] == "5"
