"""A logout forgets the key, whatever becomes of the token."""

from __future__ import annotations

import argparse

import pytest

from park.agent.client import AgentClient
from park.agent.messages import Answer, Done, ForgetKey, GetToken, Question
from park.cli.services import logout
from park.errors import NotPermitted


def test_a_key_whose_use_nobody_confirms_is_forgotten_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[type[Question]] = []

    def ask(_: AgentClient, question: Question) -> Answer:
        asked.append(type(question))
        if isinstance(question, GetToken):
            raise NotPermitted("nobody can confirm it")
        return Done()

    monkeypatch.setattr(AgentClient, "ask", ask)
    given = argparse.Namespace(service="https://example.org", insecure=False)
    assert logout.run(given) == 0
    assert asked == [GetToken, ForgetKey]
    told = "the agent has forgotten the token, which stays valid there (nobody can confirm it)"
    assert capsys.readouterr().out == f"logged out of https://example.org: {told}\n"
