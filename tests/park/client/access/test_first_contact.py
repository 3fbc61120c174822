"""Logins: by password and by token, at the first contact and never later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.services.own_agent import agent_ends
from support.stand_ins.login_service import LoginService, login_service

import park
from park.agent.client import AgentClient
from park.agent.messages import HoldKey, Keys, ListKeys, Lock
from park.client.access import first_contact
from park.client.access.address import Address
from park.client.access.first_contact import Terminal, by_password, by_token, held, reached_service
from park.client.access.transport import Transport
from park.errors import CannotSatisfy, InsecureTransport, NotAuthenticated, NotPermitted
from park.wire import API


@pytest.fixture(autouse=True)
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AgentClient]:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    for variable in ("PARK_TOKEN", "PARK_SERVICE", "PARK_AGENT"):
        monkeypatch.delenv(variable, raising=False)
    with agent_ends(tmp_path / "state" / "agent") as client:
        yield client


@pytest.fixture
def service() -> Iterator[LoginService]:
    with login_service() as found:
        yield found


class Person:
    """Somebody at a terminal, who answers with ``secrets``, one after the other."""

    def __init__(self, *secrets: str) -> None:
        self.secrets = list(secrets)
        self.said: list[str] = []

    def at(self) -> Terminal:
        return Terminal(
            ask=lambda question: self.said.append(question) or "ada",  # type: ignore[func-returns-value]
            ask_secret=lambda question: self.said.append(question) or self.secrets.pop(0),  # type: ignore[func-returns-value]
            tell=self.said.append,
        )


def test_the_first_contact_asks_for_a_password_and_all_share_the_login(
    service: LoginService, agent: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person("wrong", "hunter2")
    monkeypatch.setattr(first_contact, "terminal", person.at)
    found = park.remote_service(service.url)
    assert found.about().user == "ada"
    assert any("Password of ada" in line for line in person.said)
    assert "user or password is wrong" in person.said
    again = park.remote_service(f"{service.url}/")  # nobody is asked again: no secret is left
    assert again == found
    assert found.transport.address.token is None  # the agent has it
    assert isinstance(listed := agent.ask(ListKeys()), Keys)
    assert [(key.service, key.user) for key in listed.keys] == [(service.url, "ada")]


def test_nobody_is_asked_without_a_terminal_or_where_a_token_is_or_no_service(
    service: LoginService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reached_service(service.url).bearer() is None  # no terminal here
    person = Person()
    monkeypatch.setattr(first_contact, "terminal", person.at)
    assert reached_service("http://127.0.0.1:9").bearer() is None
    token = tmp_path / "token"
    token.write_text(service.new_token())
    (tmp_path / "config.toml").write_text(
        f"[services.lab]\nurl = {json.dumps(service.url)}\ntoken_file = {json.dumps(str(token))}\n"
    )
    assert reached_service("lab").bearer() == token.read_text()
    assert person.said == []


def test_a_command_with_a_token_file_starts_no_agent(
    service: LoginService, agent: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_TOKEN", f"{service.url} {service.new_token()}")
    assert park.remote_service(service.url).about().user == "ada"
    assert not agent.is_there()


def test_a_token_is_tried_before_it_is_held(service: LoginService) -> None:
    address = Address(url=service.url, token=None)
    for wrong in ("nobody's", "two words", ""):
        with pytest.raises(NotAuthenticated):
            by_token(address, wrong)
    key = by_token(address, service.new_token())
    assert (key.user, key.id, key.expires) == ("ada", "7", None)


def test_a_service_from_before_there_were_users_takes_a_token(service: LoginService) -> None:
    service.knows_logins = False
    address = Address(url=service.url, token=None)
    with pytest.raises(CannotSatisfy, match="knows no passwords") as caught:
        by_password(address, "ada", Person("hunter2").at())
    assert "park login --token" in str(caught.value.hint)
    assert by_token(address, service.new_token()).user == "ada"


def test_no_password_is_typed_for_plain_http_beyond_this_machine() -> None:
    person = Person("hunter2")
    with pytest.raises(InsecureTransport):
        by_password(Address(url="http://lab.example", token=None), "ada", person.at())
    assert person.secrets == ["hunter2"]


def test_a_token_that_was_refreshed_elsewhere_is_fetched_and_the_request_sent_again(
    service: LoginService, agent: AgentClient
) -> None:
    address = Address(url=service.url, token=None)
    logged_in = held(address, by_password(address, "ada", Person("hunter2").at()))
    transport = Transport(logged_in)
    assert transport.json("GET", API)["user"] == "ada"
    service.valid.clear()
    agent.ask(HoldKey(service=service.url, token=service.new_token()))
    assert transport.json("GET", API)["user"] == "ada"
    service.valid.clear()
    with pytest.raises(NotAuthenticated):
        transport.json("GET", API)
    transport.close()


def test_a_locked_agent_is_told_of_before_anything_is_done(
    service: LoginService, agent: AgentClient
) -> None:
    address = Address(url=service.url, token=None)
    logged_in = held(address, by_token(address, service.new_token()))
    token = logged_in.bearer()
    agent.ask(Lock(passphrase="p"))
    with pytest.raises(NotPermitted, match="is locked"):
        park.remote_service(service.url)
    assert logged_in.bearer() == token  # who has it already, has it


@pytest.mark.parametrize("how", ["variable", "setting"])
def test_without_an_agent_the_login_is_this_process_s_own(
    service: LoginService, agent: AgentClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:  # fmt: skip
    if how == "variable":
        monkeypatch.setenv("PARK_AGENT", "off")
    else:
        (tmp_path / "config.toml").write_text("agent = false\n")
    monkeypatch.setattr(first_contact, "terminal", Person("hunter2").at)
    assert park.remote_service(service.url).about().user == "ada"
    assert not agent.is_there()
