"""From which account, on which machine, jobs are submitted."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Iterator

import pytest

from park.client.submission.this_account import this_account


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    this_account.cache_clear()
    yield
    this_account.cache_clear()


def test_it_is_the_user_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    assert this_account() == f"ada@{platform.node()}"


def test_an_account_without_a_name_has_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert this_account() == f"{os.getuid()}@{platform.node()}"
