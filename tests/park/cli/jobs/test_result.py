"""``park result``: what a job returned, for people and for programs."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.jobs import result
from park.cli.main import main
from park.client.access.address import Address


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return a service with one job; ``document`` is its encoded result, or an exception."""
    service = SimpleNamespace(document={"n": 1}, timeouts=[])
    monkeypatch.setenv("PARK_SERVICE", "http://one.example")
    transport = SimpleNamespace(address=Address(url="http://one.example", token=None))

    def encoded_result(timeout: float | None) -> Any:
        service.timeouts.append(timeout)
        if isinstance(service.document, Exception):
            raise service.document
        return service.document

    def job(name: str) -> Any:
        return SimpleNamespace(id=name, encoded_result=encoded_result, transport=transport)

    monkeypatch.setattr(result, "service_of", lambda _: SimpleNamespace(job=job))
    return service


def test_it_is_printed_as_json(asked: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["result", "a"], ["result", "a", "--json", "--timeout", "5"]):
        assert main(words) == 0
        assert json.loads(capsys.readouterr().out) == {"n": 1}
    assert asked.timeouts == [None, 5.0]


def test_nan_looks_different_from_its_name(
    asked: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    asked.document = [{"$park": "float", "value": "nan"}, "nan"]
    assert main(["result", "a"]) == 0
    assert capsys.readouterr().out.split() == ["[", "NaN,", '"nan"', "]"]


def test_a_limit_of_the_waiting_is_none_of_the_job(
    asked: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    asked.document = TimeoutError("job a is running after 5 s")
    assert main(["result", "a", "--timeout", "5"]) == 1
    said = capsys.readouterr().err
    assert "job a is running after 5 s" in said
    assert "hint: it goes on; `park logs -f a` follows it" in said
