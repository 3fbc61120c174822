"""Tokens that the agent holds, and for how long they are taken from what it said."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import pytest

from park.agent.messages import GetToken, Token
from park.client.access.agent_login import AgentLogin
from park.errors import NotPermitted, ParkError

if TYPE_CHECKING:
    from park.agent.client import AgentClient
    from park.agent.messages import Answer, Question

LAB = "https://lab.example"


class Agent:
    """An agent that gives one answer after the other."""

    def __init__(self, *answers: Answer | ParkError) -> None:
        self.answers = list(answers)
        self.asked: list[Question] = []

    def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, ParkError):
            raise answer
        return answer

    def login(self) -> AgentLogin:
        return AgentLogin(LAB, cast("AgentClient", self))


def test_it_is_asked_once_for_a_token_that_does_not_end() -> None:
    agent = Agent(Token(token="t"))
    login = agent.login()
    assert [login.token() for _ in range(3)] == ["t"] * 3
    assert agent.asked == [GetToken(service=LAB)]


def test_it_is_asked_again_after_half_of_the_time_that_was_left() -> None:
    now = time.time()
    agent = Agent(Token(token="t", expires=now), Token(token="u", expires=now + 1e6))
    login = agent.login()
    assert login.token() == "t"
    assert [login.token() for _ in range(3)] == ["u"] * 3


def test_an_agent_that_is_gone_or_locked_is_no_hindrance_while_the_token_lasts() -> None:
    agent = Agent(Token(token="t", expires=time.time() + 1e6), NotPermitted("locked"))
    login = agent.login()
    assert login.token() == "t"
    assert login.renewed("t") is None
    over = Agent(Token(token="t", expires=time.time()), NotPermitted("locked")).login()
    over.token()
    with pytest.raises(NotPermitted):
        over.token()


def test_a_token_that_is_refused_is_exchanged_for_another_one_only() -> None:
    agent = Agent(Token(token="t"), Token(token="t"), Token(token="u"))
    login = agent.login()
    login.token()
    assert login.renewed("t") is None
    assert login.renewed("t") == "u"
    assert login.token() == "u"


def test_logins_of_one_service_are_one_and_show_no_token() -> None:
    one, two = Agent(Token(token="park_marked")).login(), Agent().login()
    one.token()
    assert one == two
    assert hash(one) == hash(two)
    assert "marked" not in repr(one)
