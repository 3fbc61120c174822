"""``park watch --all``: once, in a pipe, and for programs."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from support.material.now import line, now

import park.client.workflows.service_news as news_module
from park.cli.board import whole_service
from park.cli.main import main
from park.errors import ServiceUnreachable
from park.wire import NowRecord

Said = pytest.CaptureFixture[str]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[NowRecord | BaseException]:
    """Give what the service says, one after the other; at the end somebody presses Ctrl-C."""
    found: list[NowRecord | BaseException] = []

    def say() -> NowRecord:
        answer = found.pop(0) if found else KeyboardInterrupt()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(whole_service, "service_of", lambda _: SimpleNamespace(url="http://lab"))
    monkeypatch.setattr(news_module, "ServiceNews", lambda _: SimpleNamespace(now=say))
    return found


RUNNING = now(running=[line("a", "running")])
ENDED = now(failed=[line("a", "failed", why="too thick", finished="2026-11-27T12:00:01Z")])


def test_once_is_all_of_it(told: list[NowRecord | BaseException], capsys: Said) -> None:
    told.append(ENDED)
    assert main(["watch", "--once"]) == 0
    out = capsys.readouterr().out
    assert "Failed lately  1" in out
    assert "too thick" in out
    assert "\x1b" not in out


def test_for_programs_it_is_a_record(told: list[NowRecord | BaseException], capsys: Said) -> None:
    told.append(RUNNING)
    assert main(["watch", "--all", "--once", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["running"][0]["id"] == "a"


def test_in_a_pipe_each_change_is_a_line(
    told: list[NowRecord | BaseException], capsys: Said
) -> None:
    told += [RUNNING, RUNNING, ServiceUnreachable("gone"), ServiceUnreachable("gone"), ENDED]
    assert main(["watch", "--all"]) == 130
    said = capsys.readouterr()
    first, second = said.out.splitlines()
    assert "running" in first
    assert "too thick" in second
    assert said.err.count("gone; trying again") == 1


def test_or_a_line_of_json(told: list[NowRecord | BaseException], capsys: Said) -> None:
    told += [RUNNING, ENDED]
    assert main(["watch", "--all", "--json"]) == 130
    lines = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert [each["status"] for each in lines] == ["running", "failed"]


@pytest.mark.usefixtures("told")
def test_it_takes_no_job(capsys: Said) -> None:
    assert main(["watch", "--all", "7f3abc"]) == 2
    err = capsys.readouterr().err
    assert "takes no JOB" in err
    assert "park watch 7f3abc" in err
