"""What users see and reach of one another's processes, where they have no accounts of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from support.faults.attackers import ATTACKERS_TOOLS
from support.faults.ordinary_user import folder_of_ordinary_user
from support.faults.pipes import wait_for_exit
from support.services.ordinary_service import NOBODY, OrdinaryService
from support.services.park_service import ParkService
from support.services.user_world import UserWorld
from support.session.limits import LIMIT_S
from support.session.slow_cases import slow_after

from park.runtime.processes import identity, is_running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

MODULE = (
    ATTACKERS_TOOLS
    + r'''
import json, signal, socket, subprocess, sys

def leave_in_home(home):
    """Make what the service would believe when it starts again, or is told to read it again."""
    names = [
        "policy.toml", "database", "park.sqlite-journal", "jobs/new", "envs/new", "runtime/new",
        "store/new", "index/new", "areas/new", "files/new", "cache/new", "forkservers/new",
    ]
    return {name: tried(lambda: open(f"{home}/{name}", "a").close()) for name in names}


LEFT_AT_IMPORT = leave_in_home(os.path.dirname(os.path.dirname(os.path.dirname(sys.prefix))))


def spoil(jobs):
    """Write to what is in the folders of other jobs; return what that came to."""
    mine = os.path.realpath(".")
    found = {}
    for name in filter(lambda name: os.path.isdir(f"{jobs}/{name}"), os.listdir(jobs)):
        for path in (f"{jobs}/{name}/outcome.json", f"{jobs}/{name}/work/forged"):
            if not mine.startswith(f"{jobs}/{name}/"):
                found[path] = tried(lambda: open(path, "a").close())
    return found


HOME = os.path.dirname(os.path.dirname(os.path.dirname(sys.prefix)))
SPOILED_AT_IMPORT = spoil(f"{HOME}/jobs")
SEEN_AT_IMPORT = [name for name in os.listdir("/proc") if name.isdigit()]


def works(port, secret):
    """Run a program whose arguments are nobody else's business, until told to go on."""
    child = subprocess.Popen(["sleep", secret])
    while secret not in text(f"/proc/{child.pid}/cmdline"):
        # its pipe is closed before its arguments can be seen
        assert child.poll() is None, "the program has ended"
    with socket.create_connection(("127.0.0.1", port)) as told:
        told.sendall(b"up")
        told.recv(2)
    child.kill()
    return "done"


def forks_without_end():
    """Fork until that is refused; return after how many, why, and how large a core may be."""
    import resource

    core, children = resource.getrlimit(resource.RLIMIT_CORE)[1], []
    why = "nothing"
    while len(children) < 1_000 and why == "nothing":
        try:
            child = os.fork()
        except OSError as error:
            why = error.strerror
            break
        if child == 0:
            signal.pause()
        children.append(child)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return {"children": len(children), "why": why, "core": core}


def takes_much():
    """Take more memory than a job may have, and not more than a machine of tests has."""
    return len([bytearray(8 << 20) for _ in range(75)])


def _argv(name):
    return tried(text, f"/proc/{name}/cmdline").replace("\0", " ")


def look():
    """Tell which processes there are, for this job and for the import before it."""
    names = [name for name in os.listdir("/proc") if name.isdigit()]
    imported = [name for name in SEEN_AT_IMPORT if name not in names]
    return {"argv": [_argv(name) for name in names], "me": os.getpid(), "at_import": imported}


def listed():
    return os.listdir("/proc")


def spoils():
    return {"now": spoil(f"{HOME}/jobs"), "at_import": SPOILED_AT_IMPORT}


def leave(home):
    return {"now": leave_in_home(home), "at_import": LEFT_AT_IMPORT}


def claims_to_be(pid, started, boot, port):
    """Say in one's own folder that this job is another process of the machine."""
    claim = os.path.join(os.path.dirname(os.environ["PARK_JOB_DIRECTORY"]), "attempt-1")
    os.unlink(claim)
    os.symlink(json.dumps({"pid": pid, "started": started, "boot": boot}), claim)
    with socket.create_connection(("127.0.0.1", port)) as told:
        told.sendall(b"up")
        told.recv(2)


def reach(numbers):
    """Signal what has these numbers, by them and all at once, and look into it."""
    found = [tried(os.kill, number, 0) for number in numbers]
    found += [tried(text, f"/proc/{number}/environ") for number in numbers]
    found.append(tried(os.pidfd_open, numbers[0]))
    return found


def change_the_machine():
    """Write to what is the kernel's, which an account that is root owns."""
    names = [
        "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger",
        "/sys/kernel/uevent_seqnum", "/sys/kernel/mm/ksm/run", "/sys/power/state",
        "/sys/kernel/profiling", "/sys/kernel/mm/transparent_hugepage/enabled",
    ]
    return {name: tried(lambda: os.close(os.open(name, os.O_WRONLY))) for name in names}


def kills_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def leaves_a_daemon(port):
    """Fork twice and begin a session, and have the daemon say that it is there."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            told = socket.create_connection(("127.0.0.1", port))
            told.sendall(b"up")
            signal.pause()
        os._exit(0)
    os.wait()
    signal.pause()
'''
)

OPTIONS = (
    *("--upstream", "none", "--job-accounts", "none", "--slots", "2"),
    *("--job-processes", "100", "--job-memory", "400M"),
)

REFUSED = {
    *("Operation not permitted", "Permission denied", "Read-only file system"),
    *("No such file or directory", "No such process"),
}


@pytest.fixture(scope="module", params=slow_after(1, ["root", "ordinary"]))
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UserWorld]:
    """Run a service whose users all have one account: root's, or an ordinary one."""
    if os.geteuid() != 0 and request.param == "root":
        pytest.skip("needs root")
    kind = OrdinaryService if request.param == "ordinary" else ParkService
    with folder_of_ordinary_user() as folder, kind(folder, *OPTIONS) as service:
        if "jobs see in /proc what others run" in service.log:
            pytest.skip("this machine permits no namespace of processes")
        give_network(service)
        files = {"attacks.py": MODULE.encode()}
        yield UserWorld(service, tmp_path_factory.mktemp("wheels"), files)


def give_network(service: ParkService) -> None:
    """Let jobs of users reach these tests, which they do not unless the policy says so."""
    policy = service.home / "policy.toml"
    policy.write_text('[jobs]\nnetwork = "all"\n', encoding="utf-8")
    shutil.chown(policy, service.home.stat().st_uid)
    service.request("POST", "/api/v1/admin/policy/reload")


def test_users_have_a_loopback_of_their_own_unless_the_policy_says_otherwise(
    world: UserWorld,
) -> None:
    (world.service.home / "policy.toml").unlink()
    world.service.request("POST", "/api/v1/admin/policy/reload")
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            record = world.record("bob", world.submit("bob", "leaves_a_daemon", port=port))
    finally:
        give_network(world.service)
    assert record["status"] == "failed", record
    assert "the policy of the service gives jobs no network" in record["error"]


class Working:
    """A job of ada that runs a program until it is told to go on."""

    def __init__(self, world: UserWorld, function: str = "works", **arguments: Any) -> None:
        self._world = world
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.settimeout(LIMIT_S)
            port = listening.getsockname()[1]
            self.job = world.submit("ada", function, port=port, **arguments)
            self.line = listening.accept()[0]
        self.line.settimeout(LIMIT_S)
        assert self.line.recv(2) == b"up"

    def end(self) -> dict[str, Any]:
        """Let it go on, and return its record."""
        self.line.sendall(b"go")
        return self._world.record("ada", self.job)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()


def _outside(needle: str) -> list[int]:
    """Return the processes of this machine whose arguments have ``needle``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if needle.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def test_what_the_operator_said_of_memory_holds_with_and_without_control_groups(
    world: UserWorld,
) -> None:
    record = world.record("ada", world.submit("ada", "takes_much"))
    assert record["status"] == "failed", record
    assert "--job-memory" in record["error"]
    assert "\n" not in record["error"]


@pytest.mark.slow
def test_a_job_leaves_nothing_in_the_home_that_the_service_would_believe(world: UserWorld) -> None:
    """An account that has all of the home could make what is not there, a policy for example."""
    home = world.service.home
    before = {path.name for path in home.iterdir()}
    found = world.call("bob", "leave", home=str(home))
    for tried in found.values():
        allowed = {name: said for name, said in tried.items() if said not in REFUSED}
        assert set(allowed) <= {"jobs/new"}  # no job's id: in a cover, or nobody's
    assert {path.name for path in home.iterdir()} - before <= _OF_THE_DATABASE
    world.service.request("POST", "/api/v1/admin/policy/reload")
    assert world.ask("bob", "GET", "admin/users").status_code == 403


_OF_THE_DATABASE = {"park.sqlite-wal", "park.sqlite-shm"}


@pytest.mark.slow
def test_what_is_run_at_import_writes_to_no_other_job(world: UserWorld) -> None:
    """Before the folder of its own job is the only one that it sees, it would forge results."""
    with Working(world, secret="86409") as working:
        spoiled = world.call("bob", "spoils")
        assert spoiled == {"now": {}, "at_import": {}}
        record = working.end()
    assert (record["status"], record["files"]) == ("completed", [])


def test_nobody_sees_nor_reaches_what_another_runs(world: UserWorld) -> None:
    secret = "7654321"
    with Working(world, secret=secret) as working:
        (theirs,) = _outside(f"sleep\0{secret}")
        found = world.call("bob", "look")
        seen = [line for line in found["argv"] if secret in line or " serve " in line]
        assert seen == []
        # pid 1 and the fork server were there already when the module was imported
        assert found["at_import"] == []
        assert found["me"] < 1000
        others = [theirs, world.service.ready["pid"]]
        assert set(world.call("bob", "reach", numbers=others)) <= REFUSED
        assert is_running(theirs)
        assert working.end()["status"] == "completed"


def test_processes_have_an_end_and_no_core_is_left(world: UserWorld) -> None:
    """By the kernel, in the account of the service as well; root has control groups or none."""
    found = world.call("bob", "forks_without_end")
    assert found["core"] == 0
    if "processes without end" not in world.service.log:
        assert found["why"] == "Resource temporarily unavailable"
        assert 50 < found["children"] < 100
    else:
        assert not isinstance(world.service, OrdinaryService)
    assert is_running(world.service.ready["pid"])


def test_what_is_the_kernels_stays_as_it_is(world: UserWorld) -> None:
    found = world.call("bob", "change_the_machine")
    assert set(found.values()) <= REFUSED, found


def test_a_job_that_kills_itself_is_told_as_ever(world: UserWorld) -> None:
    record = world.record("bob", world.submit("bob", "kills_itself"))
    assert record["status"] == "failed"
    assert "SIGKILL" in record["error"]


def test_a_daemon_ends_with_the_job_that_is_cancelled(world: UserWorld) -> None:
    with Working(world, "leaves_a_daemon") as working:
        world.ask("ada", "POST", f"jobs/{working.job}/cancel")
        assert working.line.recv(1) == b""
        assert world.record("ada", working.job)["status"] == "cancelled"


@pytest.mark.slow
def test_a_job_outlives_its_service_and_its_fork_server(world: UserWorld) -> None:
    with Working(world, secret="7654322") as working:
        servers = world.ask("ada", "GET", "fork-servers").json()
        (server,) = [each["pid"] for each in servers if each["running"]]
        assert b"fork-server" in Path(f"/proc/{server}/cmdline").read_bytes()
        world.service.kill()
        os.kill(server, signal.SIGKILL)
        wait_for_exit(server)
        world.service.start()
        record = world.ask("ada", "GET", f"jobs/{working.job}").json()
        assert record["status"] == "running"
        ended = working.end()
        assert ended["status"] == "completed", ended["error"]


def test_one_without_fork_server_is_cancelled_with_all_that_it_started(world: UserWorld) -> None:
    secret = "7654323"
    with Working(world, secret=secret) as working:
        (theirs,) = _outside(f"sleep\0{secret}")
        servers = world.ask("ada", "GET", "fork-servers").json()
        (server,) = [each["pid"] for each in servers if each["running"]]
        os.kill(server, signal.SIGKILL)
        wait_for_exit(server)
        world.ask("ada", "POST", f"jobs/{working.job}/cancel")
        assert world.record("ada", working.job)["status"] == "cancelled"
        wait_for_exit(theirs)


def test_who_claims_to_be_another_process_has_nobody_killed(world: UserWorld) -> None:
    """A job owns its folder, so the claim in it is what a job says; a cancel is of its own."""
    account = NOBODY if isinstance(world.service, OrdinaryService) and os.geteuid() == 0 else None
    with subprocess.Popen(["sleep", "600"], start_new_session=True, user=account) as other:
        found = identity(other.pid)
        assert found is not None
        with Working(world, "claims_to_be", **found.as_record()) as working:
            servers = world.ask("ada", "GET", "fork-servers").json()
            (server,) = [each["pid"] for each in servers if each["running"]]
            os.kill(server, signal.SIGKILL)
            wait_for_exit(server)
            world.ask("ada", "POST", f"jobs/{working.job}/cancel")
            assert world.record("ada", working.job)["status"] in {"cancelled", "failed"}
        assert other.poll() is None
        other.kill()


def test_the_policy_has_users_see_all(world: UserWorld) -> None:
    policy = world.service.home / "policy.toml"
    policy.write_text('[jobs]\nprocesses = "all"\n', encoding="utf-8")
    world.service.request("POST", "/api/v1/admin/policy/reload")
    try:
        assert str(world.service.ready["pid"]) in world.call("bob", "listed")
    finally:
        policy.unlink()
        world.service.request("POST", "/api/v1/admin/policy/reload")
