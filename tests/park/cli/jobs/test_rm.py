"""``park rm``: each job in turn; the first that cannot be removed ends it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.jobs import rm
from park.cli.main import main
from park.errors import Conflict


def test_what_was_removed_before_a_refusal_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    removed: list[str] = []

    def job(name: str) -> Any:
        def remove() -> None:
            if name == "needed":
                raise Conflict("job needed is needed", hint="wait for it")
            removed.append(name)

        return SimpleNamespace(id=f"0199-{name}", remove=remove)

    monkeypatch.setattr(rm, "service_of", lambda _: SimpleNamespace(job=job))
    assert main(["rm", "a", "needed", "b"]) == Conflict.exit_code
    assert removed == ["a"]
    said = capsys.readouterr()
    assert said.out == "0199-a  removed\n"
    assert "job needed is needed" in said.err
    assert "hint: wait for it" in said.err
