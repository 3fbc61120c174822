"""Which git answers for a tree is part of what is remembered of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from park.build.tree.asked_git import identity

if TYPE_CHECKING:
    import pytest


def test_another_home_and_no_git_are_another_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    known = identity()
    assert known == identity()
    monkeypatch.setenv("HOME", "/home/elsewhere")
    elsewhere = identity()
    assert elsewhere != known
    monkeypatch.setenv("PATH", "")
    assert identity() == "\n".join(["", *elsewhere.split("\n")[1:]])
