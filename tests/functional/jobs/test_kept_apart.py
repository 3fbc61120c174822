"""Jobs that attack the service that runs them, and one another: each is held."""

from __future__ import annotations

import errno
import json
import sys
from typing import TYPE_CHECKING

import pytest
from support.faults.attackers import ATTACKERS_TOOLS
from support.services.park_client import Client, client_with_jobs
from support.services.park_service import ParkService

from park.runtime.processes import is_running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faults.pipes import Pipe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

JOBS = (
    ATTACKERS_TOOLS
    + r'''

import ctypes, glob, os, stat, subprocess, time

LIBC = ctypes.CDLL(None, use_errno=True)


def secrets(home):
    """Read what is nobody's but the service's, by name, by climbing, and through others."""
    names = ("token", "park.sqlite", "park.sqlite-wal", "lock")
    found = {name: tried(text, f"{home}/{name}") for name in names}
    found["climbed"] = tried(text, f"{os.getcwd()}/../../../token")
    found["index"] = tried(os.listdir, f"{home}/index")
    found["sockets"] = glob.glob(f"{home}/forkservers/**/socket", recursive=True)
    found["resolver"] = tried(os.listdir, f"{home}/cache/resolver")
    return found


def service(pid, home):
    """Signal the service, trace it, look into it."""
    way = f"/proc/{pid}/root{home}/token"
    return {
        "signal": tried(os.kill, pid, 0),
        "fork server": tried(os.kill, os.getppid(), 0),
        "trace": LIBC.ptrace(16, pid, 0, 0),
        "memory": tried(open, f"/proc/{pid}/mem", "rb"),
        "environment": tried(text, f"/proc/{pid}/environ"),
        "root": tried(text, way),
        "descriptors": tried(os.readlink, f"/proc/{pid}/fd/0"),
    }


def mounts(home):
    """Take covers away, and make what is read-only writable."""
    for folder in ("index", "store", "jobs", "runtime", "envs"):
        path = f"{home}/{folder}".encode()
        LIBC.umount2(path, 2)
        LIBC.mount(None, path, None, 32 | 4096, None)
    LIBC.unshare(0x10020000)
    for folder in ("index", "store", "jobs", "runtime", "envs"):
        path = f"{home}/{folder}".encode()
        LIBC.umount2(path, 2)
        LIBC.mount(None, path, None, 32 | 4096, None)
    places = ("store/new", "runtime/new", "envs/new", "files/new", "index/new", "token")
    return {place: tried(open, f"{home}/{place}", "w") for place in places}


def roots():
    """Read and change what the system keeps for root."""
    shadow = tried(text, "/etc/shadow")
    return {
        "shadow": "read" if "root:" in shadow else "not read",
        "setting": tried(open, "/proc/sys/kernel/core_pattern", "w"),
        "disks": [n for n in os.listdir("/dev") if stat.S_ISBLK(os.stat(f"/dev/{n}").st_mode)],
        "user": tried(os.setuid, 12345),
        "owner": tried(os.chown, ".", 12345, 12345),
    }


def kernel():
    """Ask the kernel for what no job needs: bpf, keyctl, perf events, modules, namespaces."""
    numbers = {
        "x86_64": (321, 250, 298, 323, 313, 272, 165),
        "aarch64": (280, 219, 241, 282, 273, 97, 40),
    }
    return [
        -1 if LIBC.syscall(number, 0x10000000, 0, 0, 0, 0) != -1 else ctypes.get_errno()
        for number in numbers[os.uname().machine]
    ]


def neighbour(job, pid, home):
    """Look into another job's folder, forge its result, signal it, trace it."""
    folder = f"{home}/jobs/{job}"
    return {
        "call": tried(text, f"{folder}/call.json"),
        "forged": tried(open, f"{folder}/outcome.json", "w"),
        "jobs": sorted(n for n in os.listdir(f"{home}/jobs") if n != os.environ["PARK_JOB_ID"]),
        "signal": tried(os.kill, pid, 0),
        "trace": LIBC.ptrace(16, pid, 0, 0),
        "memory": tried(open, f"/proc/{pid}/mem", "rb"),
        "environment": tried(text, f"/proc/{pid}/environ"),
    }


def leaves_a_daemon(up):
    """Fork twice and begin a session, as a daemon does, which is to go on after this job."""
    is_up, of_daemon = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with open(up, "w") as pipe:
                pipe.write(f"{os.getpid()}\n")
            os.close(of_daemon)
            time.sleep(600)
        os._exit(0)
    os.close(of_daemon)
    os.read(is_up, 1)
    return "returned"


def forks_without_end(up):
    """Fill what there is of processes, each of which begins a session and fills it again."""
    with open(up, "w") as pipe:
        pipe.write("up\n")
    while True:
        try:
            if os.fork() == 0:
                os.setsid()
        except OSError:
            time.sleep(0.01)


def one_too_many():
    children = []
    try:
        while True:
            children.append(subprocess.Popen(["sleep", "600"]))
    finally:
        for child in children:
            child.kill()


def victim(up, go):
    with open(up, "w") as pipe:
        pipe.write(f"{os.getpid()}\n")
    with open(go) as pipe:
        pipe.readline()
    return "as it was"
'''
)

REFUSED = {"Operation not permitted", "Permission denied", "Read-only file system"}
ABSENT = "No such file or directory"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service for jobs that attack it."""
    with ParkService(
        tmp_path_factory.mktemp("attacked"), "--slots", "2", "--job-processes", "40"
    ) as running:
        if "each job has its own folder alone" not in running.log:
            pytest.skip("this machine cannot keep jobs apart")
        yield running


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, service: ParkService
) -> Client:
    """Give a client with the model that attacks."""
    folder = tmp_path_factory.mktemp("attacker")
    return client_with_jobs(folder, JOBS, cache=client_cache, service=service)


def _pid(service: ParkService) -> int:
    found: int = json.loads(service.ready_file.read_text())["pid"]
    return found


def test_the_secrets_of_the_service_are_not_there(service: ParkService, client: Client) -> None:
    found = client.call("light_model:secrets", home=str(service.home))
    assert found.pop("sockets") == []
    assert set(found) >= {"token", "park.sqlite", "park.sqlite-wal", "lock", "index"}
    assert set(found.values()) == {ABSENT}, found


def test_the_service_is_neither_signalled_nor_looked_into(
    service: ParkService, client: Client
) -> None:
    found = client.call("light_model:service", pid=_pid(service), home=str(service.home))
    assert found.pop("trace") == -1
    assert set(found.values()) <= REFUSED, found


def test_no_mount_is_undone(service: ParkService, client: Client) -> None:
    found = client.call("light_model:mounts", home=str(service.home))
    assert set(found.values()) <= {*REFUSED, ABSENT}, found
    assert service.get("/api/v1")["version"]


def test_what_is_roots_stays_roots(client: Client) -> None:
    found = client.call("light_model:roots")
    assert found.pop("shadow") == "not read"
    assert found.pop("disks") == []
    assert set(found.values()) <= {*REFUSED, "Invalid argument"}, found


def test_what_no_job_needs_of_the_kernel_is_refused(client: Client) -> None:
    assert client.call("light_model:kernel") == [errno.EPERM] * 7
    assert client.call("light_model:kernel", "--fresh") == [errno.EPERM] * 7


def test_a_neighbour_is_neither_read_nor_signalled_nor_forged(
    service: ParkService, client: Client, up: Pipe, go: Pipe
) -> None:
    job = client.submit("light_model:victim", up=str(up.path), go=str(go.path))
    pid = int(up.receive())
    found = client.call("light_model:neighbour", job=job, pid=pid, home=str(service.home))
    go.send("go")
    record = service.job_when_final(job)
    assert record["status"] == "completed"
    assert found.pop("jobs") == []
    assert found.pop("trace") == -1
    assert found.pop("call") == found.pop("forged") == ABSENT
    assert set(found.values()) <= REFUSED, found


@pytest.mark.parametrize("how", [(), ("--fresh",)])
def test_a_daemon_ends_with_the_job_that_left_it(
    service: ParkService, client: Client, up: Pipe, how: tuple[str, ...]
) -> None:
    job = client.submit("light_model:leaves_a_daemon", *how, up=str(up.path))
    daemon = int(up.receive())
    assert service.job_when_final(job)["status"] == "completed"
    assert not is_running(daemon)


def test_fresh_interpreters_are_kept_apart_like_forks(service: ParkService, client: Client) -> None:
    found = client.call("light_model:secrets", "--fresh", home=str(service.home))
    assert found["token"] == ABSENT
    assert found["sockets"] == []


@pytest.mark.slow
def test_a_job_that_forks_without_end_is_held_and_ends(
    service: ParkService, client: Client, up: Pipe
) -> None:
    job = client.submit("light_model:forks_without_end", up=str(up))
    up.receive()
    assert service.get("/api/v1")["version"]
    client.run("cancel", job)
    assert service.job_when_final(job)["status"] == "cancelled"
    assert client.call("light_model:roots")["shadow"] == "not read"


def test_a_process_too_many_is_told_in_a_line(service: ParkService, client: Client) -> None:
    record = service.job_when_final(client.submit("light_model:one_too_many"))
    assert record["status"] == "failed"
    assert "as many processes as they may: --job-processes" in str(record["error"])
