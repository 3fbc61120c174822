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
