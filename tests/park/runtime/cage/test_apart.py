"""`park.runtime.cage.apart`: a /tmp, shared memory and a network of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.faults.caged import ran_in_cage

if TYPE_CHECKING:
    from pathlib import Path


def test_tmp_is_the_folder_and_what_is_shown_is_where_it_was(who: str, home: Path) -> None:
    code = """
words = [f"tmp={home}/index", f"reach={home}"]
assert protect.arrange_mounts(lambda: way_in.arrange_covers(words))
open("/tmp/mine", "w").close(); open("/dev/shm/mine", "w").close()
tell(tmp=sorted(n for n in os.listdir("/tmp") if n in ("mine", "wheel")),
     token=open(f"{home}/token").read(), memory=os.listdir("/dev/shm"))
"""
    (found,) = ran_in_cage(who, home, code)
    assert found == {"tmp": ["mine", "wheel"], "token": "s3cret", "memory": ["mine"]}
    assert (home / "index" / "mine").exists()


def test_what_others_left_where_everybody_may_write_is_not_there(who: str, home: Path) -> None:
    """Shared memory and queues of System V are in no folder: their keys are everybody's."""
    code = """
KEY = 0x7061726B
libc = kernel.libc()
IPC_CREAT_FOR_ALL, IPC_RMID = 0o1666, 0
makers = {
    "memory": (libc.shmget, (4096,)), "queue": (libc.msgget, ()), "semaphores": (libc.semget, (1,)),
}
made = {name: get(KEY, *size, IPC_CREAT_FOR_ALL) for name, (get, size) in makers.items()}
lasting = f"/var/tmp/of-{os.path.basename(home)}"
words = [f"tmp={home}/index", f"reach={home}"]
open(lasting, "w").close()

def go_in():
    assert protect.arrange_mounts(lambda: way_in.arrange_covers(words))
    found = {name: get(KEY, *size, 0) for name, (get, size) in makers.items()}
    open("/var/tmp/mine", "w").close()
    there = [path for path in ("/run/lock", "/dev/mqueue") if os.path.isdir(path)]
    tell(found=found, lasting=os.path.exists(lasting), mine=os.path.exists("/tmp/mine"),
         left=[os.listdir(path) for path in there if not os.path.islink(path)])

in_child(go_in)
os.unlink(lasting)
removed = [libc.shmctl(made["memory"], IPC_RMID, 0), libc.msgctl(made["queue"], IPC_RMID, 0),
           libc.semctl(made["semaphores"], 0, IPC_RMID, 0)]
tell(made=min(made.values()) >= 0, removed=removed)
"""
    found, outside = ran_in_cage(who, home, code)
    assert outside == {"made": True, "removed": [0, 0, 0]}
    assert found.pop("left") in ([], [[]], [[], []])
    none = dict.fromkeys(("memory", "queue", "semaphores"), -1)
    assert found == {"found": none, "lasting": False, "mine": True}
    assert (home / "index" / "mine").exists()


@pytest.mark.parametrize(("kind", "up"), [("loopback", True), ("none", False)])
def test_a_network_has_nobody_else_in_it(who: str, home: Path, kind: str, up: bool) -> None:  # noqa: FBT001
    code = f"""
assert protect.arrange_mounts(lambda: way_in.arrange_covers(["network={kind}"]))
with open("/proc/self/net/dev") as file:
    names = [line.split(":")[0].strip() for line in file if ":" in line]
def reached():
    with socket.socket() as there, socket.socket() as here:
        there.bind(("127.0.0.1", 0))
        there.listen()
        here.connect(there.getsockname())
tell(names=names, reached=tried(reached) == "done")
"""
    (found,) = ran_in_cage(who, home, code)
    assert "lo" in found["names"]
    assert not any(name.startswith(("eth", "en", "wl")) for name in found["names"])
    assert found["reached"] is up
