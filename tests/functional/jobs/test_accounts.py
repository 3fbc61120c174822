"""Users of a service that is root: each has an account of his own, and reaches nobody else's."""

from __future__ import annotations

import hashlib
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.attackers import ATTACKERS_TOOLS
from support.services.park_service import ParkService
from support.services.user_world import UserWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has accounts to give")

TMP = "/tmp"  # noqa: S108 (whose it is, is what this is about)
FIRST = 0x7000_0000
DATA = b"what only ada has measured"
DIGEST = hashlib.sha256(DATA).hexdigest()

MODULE = (
    ATTACKERS_TOOLS.encode()
    + rb'''
import ctypes, os, pathlib, socket, tempfile

IMPORTED_AS = os.getuid()


def me():
    """Tell as whom this runs, and keep things where programs keep theirs."""
    import getpass
    cache = pathlib.Path.home() / ".cache"
    cache.mkdir(exist_ok=True)
    pathlib.Path("left.txt").write_text("left")
    return {
        "uids": [*os.getresuid(), *os.getresgid()], "groups": os.getgroups(),
        "imported": IMPORTED_AS, "pth": int(os.environ["PTH_RAN_AS"]), "name": getpass.getuser(),
        "home": os.stat(pathlib.Path.home()).st_uid, "cache": os.stat(cache).st_uid,
        "work": os.stat(".").st_uid, "tmp": tried(lambda: tempfile.mkstemp()[1]),
        "cores": os.cpu_count(), "numba": tried(open, os.environ["NUMBA_CACHE_DIR"] + "/x", "w"),
    }


def shared_memory(flags):
    """Return the number of shared memory of System V, by a key that all know."""
    return ctypes.CDLL(None).shmget(0x7061726B, 4096, flags)


def keep(path, tmp):
    """Leave something in one's area, wherever everybody may write, and in shared memory."""
    os.umask(0)
    for each in (path, tmp, tmp.replace("/tmp/", "/var/tmp/"), "/dev/shm/mine"):
        pathlib.Path(each).write_text("of ada")
    assert shared_memory(0o1666) >= 0
    return str(path)


def read(path):
    return text(path)


def attack(home, pid, area, digest):
    """Reach for what is another's, and the service's."""
    names = ("token", "park.sqlite", "policy.toml")
    processes = [n for n in os.listdir("/proc") if n.isdigit()]
    return {
        "secrets": [tried(text, f"{home}/{name}") for name in names],
        "area": tried(text, area), "listed": tried(os.listdir, os.path.dirname(area)),
        "content": [tried(text, f"{home}/files/{digest[:2]}/{digest}"),
                    tried(text, f"{home}/files/lent/ada/{digest}")],
        "jobs": tried(os.listdir, f"{home}/jobs"), "homes": tried(os.listdir, f"{home}/homes"),
        "tmp": tried(text, "/tmp/of-ada"), "memory": tried(text, "/dev/shm/mine"),
        "lasting": tried(text, "/var/tmp/of-ada"), "system v": shared_memory(0o666),
        "signal": [tried(os.kill, each, 0) for each in pid],
        "seen": [str(each) in processes for each in pid],
    }


def connect(port, time):
    """Reach for what listens on this machine, for the n-th time: each is another call."""
    socket.create_connection(("127.0.0.1", port), timeout=60).close()
    return "reached"


def connect_to(host):
    socket.create_connection((host, 80), timeout=60).close()


def speaks_to_itself():
    """Do what MPI on one machine does, and a pool of workers: listen, and connect to that."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with socket.create_connection(listening.getsockname()) as mine:
            listening.accept()[0].sendall(b"heard")
            return mine.recv(5).decode()


def victim(up, go):
    with open(up, "w") as pipe:
        pipe.write(f"{os.getpid()}\n")
    with open(go) as pipe:
        pipe.readline()
'''
)

PTH = b"import os; os.environ['PTH_RAN_AS'] = str(os.getuid())\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserWorld]:
    root = tmp_path_factory.mktemp("accounts")
    with ParkService(root, "--upstream", "none") as service:
        if "run as root" in service.log:
            pytest.skip("this machine gives no accounts")
        yield UserWorld(service, root, {"attacks.py": MODULE, "attacks.pth": PTH})


def test_all_of_a_users_runs_as_his_account_from_the_first_line(world: UserWorld) -> None:
    for number, user in enumerate(("ada", "bob")):
        found = world.call(user, "me")
        uid = FIRST + number
        assert found.pop("uids") == [uid] * 6
        assert found.pop("groups") == []
        owners = {found.pop(name) for name in ("imported", "pth", "home", "cache", "work")}
        assert owners == {uid}
        assert found.pop("name") == user
        assert found.pop("tmp").startswith(f"{TMP}/")
        assert found.pop("numba") == "done"


def test_the_start_says_that_users_have_accounts(world: UserWorld) -> None:
    assert "isolation: each user but the operator has an account of his own; " in world.service.log
    assert world.service.get("/api/v1")["accounts"] is True


def test_what_it_left_is_its_users_and_is_collected(world: UserWorld) -> None:
    job = world.submit("ada", "me")
    assert [file["name"] for file in world.record("ada", job)["files"]] == ["left.txt"]


def test_the_operator_goes_on_as_the_account_of_the_service(world: UserWorld) -> None:
    assert world.call("root", "me")["uids"] == [0] * 6


def test_nothing_of_another_user_is_reached(world: UserWorld) -> None:
    put = world.ask("ada", "PUT", f"files/{DIGEST}", content=DATA)
    assert put.status_code < 300, put.text
    mine = {"$park": "service-file", "path": "~/private/mine.txt"}
    place = world.call("ada", "keep", path=mine, tmp=f"{TMP}/of-ada")
    given = {"$park": "file", "name": "data.bin", "sha256": DIGEST}
    assert world.call("ada", "read", path=given) == DATA.decode()
    services = world.service.ready["pid"]
    found = world.call(
        "bob", "attack", home=str(world.service.home), pid=[services], area=place, digest=DIGEST
    )
    refused = {"Permission denied", "No such file or directory", "Operation not permitted"}
    for name in ("area", "listed", "tmp", "lasting", "memory"):
        assert found[name] in refused, found
    assert found["system v"] == -1
    assert set(found["content"]) <= refused
    assert set(found["secrets"]) <= {"", *refused}
    assert set(found["signal"]) <= refused | {"No such process"}
    assert found["seen"] == [False]
    assert len(found["jobs"]) == 1
    assert [name for name in found["homes"] if name.isdigit()] == [str(FIRST + 1)]


def test_what_another_user_shares_is_read(world: UserWorld) -> None:
    shared = {"$park": "service-file", "path": "~/shared/way/open.txt"}
    world.call("ada", "keep", path=shared, tmp=f"{TMP}/other")
    theirs = {"$park": "service-file", "path": "~ada/shared/way/open.txt"}
    assert world.call("bob", "read", path=theirs) == "of ada"
    put = world.ask("ada", "PUT", "areas/files/~/shared/sent.txt", content=b"sent")
    assert put.status_code < 300, put.text
    theirs = {"$park": "service-file", "path": "~ada/shared/sent.txt"}
    assert world.call("bob", "read", path=theirs) == "sent"


def refused(world: UserWorld, function: str, **arguments: Any) -> str:
    """Return the line that bob is told of a call that reaches nothing."""
    record = world.record("bob", world.submit("bob", function, **arguments))
    assert record["status"] == "failed", record
    assert "the policy of the service gives jobs no network" in record["error"]
    assert "\n" not in record["error"]
    return str(record["error"])


@contextmanager
def network_of_jobs(world: UserWorld, network: str) -> Iterator[None]:
    """Have the policy of the service say so."""
    policy = world.service.home / "policy.toml"
    policy.write_text(f'[jobs]\nnetwork = "{network}"\n', encoding="utf-8")
    world.service.request("POST", "/api/v1/admin/policy/reload")
    try:
        yield
    finally:
        policy.unlink()
        world.service.request("POST", "/api/v1/admin/policy/reload")


def test_jobs_of_users_reach_nothing_of_the_machine_unless_the_policy_says_so(
    world: UserWorld,
) -> None:
    """Not its loopback, nor the address at which a cloud gives a machine its credentials."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert world.call("root", "connect", port=port, time=1) == "reached"
        assert "Connection refused" in refused(world, "connect", port=port, time=1)
        assert "Network is unreachable" in refused(world, "connect_to", host="169.254.169.254")
        refused(world, "connect_to", host="cloud.example")
        assert world.call("bob", "speaks_to_itself") == "heard"
        with network_of_jobs(world, "none"):
            line = refused(world, "connect", port=port, time=2)
            assert "Network is unreachable" in line
        with network_of_jobs(world, "all"):
            assert world.call("bob", "connect", port=port, time=3) == "reached"


def test_an_account_is_the_same_after_a_restart(world: UserWorld) -> None:
    world.service.restart()
    assert world.call("bob", "me")["uids"][0] == FIRST + 1
