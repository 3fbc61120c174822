"""The agent as a process: started once, by whoever is first, and reached by all."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.services.own_agent import agent_ends, agent_process, wait_for_the_end_of
from support.session.limits import LIMIT_S

from park.agent.client import AgentClient, is_switched_off
from park.agent.messages import Done, GetToken, HoldKey, ListKeys, Stop, Token
from park.agent.places import claimed, socket_in
from park.errors import CannotSatisfy, NotPermitted, ServiceUnreachable

LAB = "https://lab.example"
SECRET = "park_marked_secret"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AgentClient]:
    monkeypatch.delenv("PARK_AGENT", raising=False)
    with agent_ends(tmp_path / "agent") as found:
        yield found


def test_it_starts_where_it_is_needed_and_several_share_it(client: AgentClient) -> None:
    assert not client.is_there()
    with pytest.raises(ServiceUnreachable, match=r"no agent answers.*none was started"):
        client.ask(ListKeys())
    pids: list[int] = []
    threads = [
        threading.Thread(target=lambda: pids.append(agent_process(client.started())))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert len(pids) == 4
    assert len(set(pids)) == 1
    client.ask(HoldKey(service=LAB, token=SECRET))
    script = (
        "import sys; from pathlib import Path; from park.agent.client import AgentClient;"
        "from park.agent.messages import GetToken;"
        "print(AgentClient(Path(sys.argv[1])).started().ask(GetToken(service=sys.argv[2])).token)"
    )
    argv = [sys.executable, "-c", script, str(client._folder), LAB]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == SECRET


def test_what_it_runs_with_has_no_secret(
    client: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_TOKEN", SECRET)
    pid = agent_process(client.started())
    client.ask(HoldKey(service=LAB, token=SECRET))
    for name in ("cmdline", "environ"):
        assert SECRET.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
    for descriptor in (0, 1, 2):  # and it holds no terminal or pipe of whoever started it
        assert Path(f"/proc/{pid}/fd/{descriptor}").readlink() == Path(os.devnull)
    assert os.getsid(pid) == pid


def test_a_socket_that_a_crash_left_is_no_hindrance(client: AgentClient) -> None:
    pid = agent_process(client.started())
    os.kill(pid, 9)
    wait_for_the_end_of(pid)
    assert not client.is_there()  # though its socket is
    with pytest.raises(ServiceUnreachable, match="it has ended, and what it held in memory"):
        client.ask(ListKeys())
    assert agent_process(client.started()) != pid


def test_it_is_stopped_with_what_it_holds(client: AgentClient) -> None:
    pid = agent_process(client.started())
    client.ask(HoldKey(service=LAB, token=SECRET))
    assert client.ask(Stop()) == Done()
    wait_for_the_end_of(pid)
    assert not client.is_there()
    assert SECRET not in "".join(
        file.read_text() for file in client._folder.iterdir() if file.is_file()
    )


@pytest.mark.parametrize("word", ["off", "OFF", "no", "0", "false"])
def test_there_is_none_where_that_is_said(
    client: AgentClient, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("PARK_AGENT", word)
    assert is_switched_off()
    with pytest.raises(CannotSatisfy, match=f"PARK_AGENT={word}"):
        client.started()
    assert not client._folder.exists()


def test_nothing_is_said_to_somebody_else_s_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = claimed(tmp_path / "agent")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_in(folder)))
        listener.listen()
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        with pytest.raises(NotPermitted, match="is user"):
            AgentClient(folder).ask(HoldKey(service=LAB, token=SECRET))
        monkeypatch.undo()
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1) == b""


def test_a_question_that_is_refused_raises_what_the_agent_says(client: AgentClient) -> None:
    client.started().ask(HoldKey(service=LAB, token=SECRET))
    assert isinstance(client.ask(GetToken(service=LAB)), Token)
    with pytest.raises(ServiceUnreachable):
        AgentClient(client._folder / "elsewhere").ask(ListKeys())
