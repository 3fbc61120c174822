"""One login for all sessions, and nothing secret where others could find it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.services.own_agent import agent_ends, agent_process, wait_for_the_end_of
from support.services.park_service import ParkService, own_environ
from support.session.limits import LIMIT_S
from support.stand_ins.login_service import LoginService, login_service

from park.agent.client import AgentClient

PARK = (sys.executable, "-m", "park")


class Session:
    """A user below ``root``, and all that his commands print."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.variables = own_environ(
            PARK_STATE_DIR=root / "state", PARK_CONFIG=root / "config.toml",
            PARK_CACHE_DIR=root / "cache",
        )  # fmt: skip
        self.printed = ""

    def park(
        self, *words: str, stdin: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*PARK, *words], input=stdin, env=self.variables | variables, capture_output=True,
            text=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip
        self.printed += done.stdout + done.stderr
        return done

    def typed(self, *words: str, answers: list[tuple[str, str]]) -> str:
        """Run a command at a terminal; answer each question once it is there; return the screen."""
        here, there = pty.openpty()
        process = subprocess.Popen(
            [*PARK, *words], env=self.variables, stdin=there, stdout=there, stderr=there,
            start_new_session=True,
        )  # fmt: skip
        os.close(there)
        screen, left = "", list(answers)
        end = threading.Timer(LIMIT_S, process.kill)
        end.start()
        try:
            while piece := _read(here):
                screen += piece
                while left and left[0][0] in screen:
                    os.write(here, f"{left.pop(0)[1]}\n".encode())
        finally:
            end.cancel()
            end.join()
            os.close(here)
            process.wait(LIMIT_S)
        assert not left, screen
        self.printed += screen
        return screen

    def files(self) -> Iterator[Path]:
        return (file for file in self.root.rglob("*") if file.is_file())


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 4096).decode(errors="replace")
    except OSError:  # nobody has the other end any more
        return ""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentClient]:
    with agent_ends(tmp_path / "state" / "agent") as client:
        yield client


@pytest.fixture
def session(tmp_path: Path, agent: AgentClient) -> Session:
    assert not agent.is_there()
    return Session(tmp_path)


@pytest.fixture
def logins() -> Iterator[LoginService]:
    with login_service() as found:
        yield found


def test_a_password_is_asked_for_and_the_agent_has_the_login(
    session: Session, logins: LoginService
) -> None:
    session.park("service", "add", "lab", logins.url)
    screen = session.typed(
        *("login", "lab"), answers=[("User there", "ada"), ("Password of ada", "hunter2")]
    )
    assert "ada at lab: held by the agent, and refreshed until" in screen
    assert "hunter2" not in screen  # it is not shown
    listed = json.loads(session.park("agent", "list", "--json").stdout)
    assert [key["service"] for key in listed["keys"]] == [logins.url]
    done = session.park("logout", "lab")
    assert "logged out of lab; its token is revoked" in done.stdout
    assert not logins.valid
    assert "holds no login" in session.park("agent", "list").stdout
    assert "marked" not in session.printed


def test_the_first_contact_asks_on_a_terminal_and_nobody_elsewhere(
    session: Session, logins: LoginService
) -> None:
    session.park("service", "add", "lab", logins.url)
    assert "without a token" in session.park("doctor").stdout
    screen = session.typed(
        *("doctor",), answers=[("User there", "ada"), ("Password of ada", "hunter2")]
    )
    assert "no login at lab yet" in screen
    assert f"{logins.url} answers as park 0.1.0; you are ada" in screen
    assert "you are ada" in session.park("doctor").stdout  # and from then on nobody is asked


@pytest.mark.slow
def test_a_lock_a_lifetime_and_the_end(session: Session, logins: LoginService) -> None:
    token = logins.new_token()
    done = session.park("login", logins.url, "--token", "--lifetime", "8h", stdin=f"{token}\n")
    assert done.stdout == f"ada at {logins.url}: held by the agent for 28,800 seconds\n"
    assert "forgotten" in session.park("agent", "list").stdout
    assert session.park("agent", "lock", stdin="p\n").stdout == "locked\n"
    locked = session.park("doctor", "-s", logins.url)
    assert "the agent is locked" in locked.stdout
    assert "is locked" in session.park("agent", "list").stdout
    assert session.park("agent", "unlock", stdin="p\n").stdout == "unlocked\n"
    assert session.park("agent", "stop").stdout == "stopped\n"
    assert session.park("agent", "stop").stdout == "no agent runs\n"
    assert "no agent runs" in session.park("agent", "list").stdout


KEYRING = """
import json, os
from pathlib import Path
FILE = Path(os.environ["TEST_KEYRING"])
def _all():
    return json.loads(FILE.read_text()) if FILE.exists() else {}
def get_password(name, user):
    return _all().get(name + user)
def set_password(name, user, value):
    FILE.write_text(json.dumps({**_all(), name + user: value}))
def delete_password(name, user):
    FILE.write_text(json.dumps({key: value for key, value in _all().items() if key != name + user}))
"""


def test_a_login_in_the_keyring_outlives_an_agent_that_is_killed(
    session: Session, logins: LoginService, agent: AgentClient, tmp_path: Path
) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "keyring.py").write_text(KEYRING)
    session.variables |= {
        "PYTHONPATH": str(tmp_path / "modules"), "TEST_KEYRING": str(tmp_path / "ring"),
    }  # fmt: skip
    login = ("login", logins.url, "--token", "--keyring")
    assert session.park(*login, stdin=f"{logins.new_token()}\n").returncode == 0
    pid = agent_process(agent)
    os.kill(pid, signal.SIGKILL)
    wait_for_the_end_of(pid)
    assert "no agent runs" in session.park("agent", "list").stdout
    assert "no agent answers" in session.park("agent", "lock", stdin="p\n").stderr
    assert "you are ada" in session.park("doctor", "-s", logins.url).stdout
    assert "in the keyring" in session.park("agent", "list").stdout


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (["--token"], "", "stdin does not have a token"),
        ([], "", "who are you there?"),
        (["--user", "ada"], "", "stdin does not have a password"),
        (["--user", "ada"], "wrong\n", "user or password is wrong"),
        (["--token"], "nobody's\n", "without a token"),
        (["--token", "--lifetime", "soon"], "t\n", "--lifetime 'soon'"),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    session: Session, logins: LoginService, words: list[str], stdin: str, said: str
) -> None:
    done = session.park("login", logins.url, *words, stdin=stdin)
    assert done.returncode in {2, 4}
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_nothing_secret_is_left_where_others_could_find_it(
    tmp_path: Path, session: Session, agent: AgentClient
) -> None:
    """A whole session, of which everything that was written or printed is looked through."""
    secret = "park_marked_secret_of_ada"
    (tmp_path / "service").mkdir()
    with ParkService(tmp_path / "service", "--upstream", "none") as service:
        service.stop()
        (service.home / "token").write_text(f"{secret}\n")
        service.start()
        session.park("service", "add", "lab", service.url)
        done = session.park("login", "lab", "--token", stdin=f"{secret}\n")
        assert "held by the agent" in done.stdout, done.stderr
        pid = agent_process(agent)
        assert session.park("jobs").returncode == 0
        script = session.root / "script.py"
        script.write_text(SCRIPT)
        ran = subprocess.run(
            [sys.executable, str(script)], env=session.variables, capture_output=True, text=True,
            timeout=LIMIT_S, check=False,
        )  # fmt: skip
        session.printed += ran.stdout + ran.stderr
        assert "UnknownItem" in ran.stderr, ran.stderr  # a traceback, with all that it shows
        session.park("--debug", "status", "0198c0de-0000-7000-8000-000000000000")
        session.park("agent", "list")
        session.park("index", "list")
        for process in (pid, service.ready["pid"]):
            for name in ("cmdline", "environ"):
                assert secret.encode() not in Path(f"/proc/{process}/{name}").read_bytes()
        assert secret not in service.log
        home = service.home
        written = [file for file in session.files() if file != home / "token"]
        assert len(written) > 5
        assert [file for file in written if secret.encode() in file.read_bytes()] == []
    assert secret not in session.printed


SCRIPT = """
import pickle, park
service = park.remote_service("lab")
print(repr(service), repr(service.transport.address), service.about().upload_url)
print(pickle.dumps(service))
service.job("0198c0de-0000-7000-8000-000000000000").refresh()
"""
