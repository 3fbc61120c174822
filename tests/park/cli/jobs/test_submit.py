"""``park submit``: the id alone on stdout, for people and for programs."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from park.cli.jobs import submit
from park.cli.main import main


def test_the_id_is_all_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(submit, "service_of", lambda _: None)
    monkeypatch.setattr(submit, "submitted", lambda *_: SimpleNamespace(id="0199"))
    assert main(["submit", "m:f"]) == 0
    assert capsys.readouterr().out == "0199\n"
    assert main(["submit", "m:f", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": "0199"}
