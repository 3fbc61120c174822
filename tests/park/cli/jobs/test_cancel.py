"""``park cancel``: each job in turn, and one that had ended already is no error."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.jobs import cancel
from park.cli.main import main


@pytest.mark.parametrize("dependents", [True, False])
def test_each_is_told_with_what_it_came_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, dependents: bool
) -> None:
    asked: list[Any] = []

    def job(name: str) -> Any:
        status = {"a": "cancelled", "b": "completed"}[name]

        def end(*, dependents: bool) -> str:
            asked.append((name, dependents))
            return status

        return SimpleNamespace(cancel=end)

    monkeypatch.setattr(cancel, "service_of", lambda _: SimpleNamespace(job=job))
    assert main(["cancel", "a", "b", *["--dependents"] * dependents]) == 0
    assert asked == [("a", dependents), ("b", dependents)]
    said = capsys.readouterr().out.splitlines()
    assert said == ["a  cancelled", "b  completed (it had ended before)"]
