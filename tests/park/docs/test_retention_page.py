"""The page for operators shows the policy that there is, and what the commands print."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from park.cli.main import command_parsers
from park.cli.services import admin
from park.model.durations import parse_duration
from park.wire import CleanRecord, Share, UsagePart, UsageRecord
from park_server.retention import content_sweep, policy, retention

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "run-a-service.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Remove what is old")[2].partition("## Keep models ready")[0]
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def option_strings(name: str) -> set[str]:
    (parser,) = [each for command, each in command_parsers().items() if command == name]
    return {text for action in parser._actions for text in action.option_strings}


def test_the_table_has_every_option_of_the_policy() -> None:
    rows = set(re.findall(r"^\| `(--[a-z-]+) ", SECTION, re.MULTILINE))
    policies = {"--jobs-quota", "--newest-trees"}
    kept = {text for text in option_strings("serve") if text.startswith("--keep")}
    assert rows == kept | policies
    assert rows <= option_strings("serve")
    assert len(rows) == len(fields(policy.RetentionPolicy))


def test_ages_and_numbers_are_those_of_the_program() -> None:
    assert policy.TREES_S == policy.QUARANTINE_S == parse_duration("30d")
    assert "| 30 days; `always` keeps all |" in SECTION
    assert f"however old | {policy.NEWEST_TREES} |" in SECTION
    assert (retention.EVERY_S, retention.QUOTA_EVERY_S) == (3_600, 600)
    assert "once an hour and with a quota of\njobs every ten minutes" in SECTION
    assert (content_sweep.GRACE_S, content_sweep.HELD_S) == (86_400, 3_600)


class Told:
    """Stands for a service."""

    def usage(self) -> UsageRecord:
        kinds = {"store": 6_368 * MIB // 10, "environments": 11 * MIB // 10}
        kinds["store"] = 6_073 * MIB // 10
        of_jobs = {
            "calls": 11 * MIB // 10,
            "results": 204 * MIB // 10,
            "logs": 3_102 * MIB // 10,
            "files": 88 * GIB // 10,
        }
        trees = {"decay": 2 * MIB, "mymodel": 101 * MIB // 10}
        return UsageRecord(
            parts=[
                UsagePart(name="store", files=14_822, size_bytes=kinds["store"]),
                UsagePart(name="environments", files=301, size_bytes=kinds["environments"]),
            ],
            jobs=1_204,
            pinned=3,
            free_bytes=412 * GIB // 10,
            shares=[
                share("environments", kinds, 200 * GIB),
                share("jobs", of_jobs, 50 * GIB),
                share("trees", trees, None),
            ],
        )

    def clean(self, *_: Any, **__: Any) -> CleanRecord:
        return CleanRecord(
            jobs=310,
            logs=0,
            events=1_882,
            trees=41,
            environments=40,
            files=12,
            quarantined=0,
            size_bytes=48 * MIB,
        )


def share(name: str, kinds: dict[str, int], quota: int | None) -> Share:
    return Share(name=name, size_bytes=sum(kinds.values()), quota_bytes=quota, kinds=kinds)


@pytest.mark.parametrize("words", [["usage"], ["clean", "--older-than", "90d", "--dry-run"]])
def test_the_page_shows_what_the_commands_print(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(admin, "service_of", lambda _: Told())
    parser = argparse.ArgumentParser()
    admin.configure(parser)
    assert admin.run(parser.parse_args(words)) == 0
    for line in capsys.readouterr().out.splitlines():
        assert f"\n{line}\n" in SECTION, line
