"""Commands that tell a reason: as lines, or as one document."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest

from park.cli import reasons
from park.cli.reasons import add_reason, print_reason
from park.model.states import JobState
from park.wire import WhyRecord


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "transport_of", lambda _: "transport")


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_reason(parser, of="a job or an install")
    assert "the id of a job or an install, or its end" in parser.format_help()
    return parser.parse_args(arguments)


def asked(transport: Any, job: str) -> WhyRecord:
    assert transport == "transport"
    return WhyRecord(job=job, status=JobState.FAILED, line="it failed", chain=["b"])


@pytest.mark.parametrize("job", ["0199", "…7f3abc"])
def test_it_is_lines_for_people(job: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = parsed(job)
    assert print_reason(options, asked, lambda record: [record.line, *record.chain]) == 0
    assert capsys.readouterr().out == "it failed\nb\n"


def test_it_is_a_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_reason(parsed("0199", "--json"), asked, lambda _: []) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["job"], said["status"], said["chain"]) == ("0199", "failed", ["b"])
