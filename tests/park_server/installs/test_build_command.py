from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from support.session.limits import LIMIT_S

from park_server.installs.build_command import ConfinedRunner

if TYPE_CHECKING:
    from pathlib import Path


def runner(
    home: Path, *, timeout_s: float = 60, memory_bytes: int = 1 << 30, network: bool = False
) -> ConfinedRunner:
    return ConfinedRunner(
        home=home, timeout_s=timeout_s, memory_bytes=memory_bytes, network=network
    )


IN_MOUNTS = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def output_of(made: ConfinedRunner, code: str, folder: Path) -> str:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        made.showing(folder)(python(code), str(folder), made.environ(folder))
    text: str = caught.value.stdout.decode()
    return text


def test_what_it_prints_is_told_where_it_fails(tmp_path: Path) -> None:
    assert (
        output_of(runner(tmp_path / "home"), "print('hello'); raise SystemExit(3)", tmp_path)
        == "hello\n"
    )
    runner(tmp_path / "home").showing(tmp_path)(python("print('hello')"), str(tmp_path), {})


def test_variables_of_the_operator_stay_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://user:secret@example.org/simple/")
    monkeypatch.setenv("PARK_TOKEN", "secret")
    code = "import os; print(os.environ); raise SystemExit(1)"
    text = output_of(runner(tmp_path / "home"), code, tmp_path)
    assert "secret" not in text
    assert str(tmp_path) in text


def test_no_module_in_the_folder_stands_for_one_of_ours(tmp_path: Path) -> None:
    for name in ("json", "resource", "park", "park_server"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not confined')\n")
    runner(tmp_path / "home").showing(tmp_path)(
        python("pass"), str(tmp_path), {"PYTHONPATH": str(tmp_path)}
    )


def test_it_ends_when_its_time_is_up_with_all_that_it_started(tmp_path: Path) -> None:
    held = tmp_path / "held"
    child = f"import fcntl, time; f = open({str(held)!r}, 'w'); fcntl.flock(f, 2); time.sleep(600)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    text = output_of(runner(tmp_path / "home", timeout_s=2), code, tmp_path)
    assert text.endswith("ended: not done within 2 s\n")
    with held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # for ever, if the grandchild still had it


def test_the_memory_of_a_process_is_limited(tmp_path: Path) -> None:
    text = output_of(
        runner(tmp_path / "home", memory_bytes=100 << 20), "bytearray(200 << 20)", tmp_path
    )
    assert "MemoryError" in text


def test_stop_ends_what_runs(tmp_path: Path) -> None:
    made = runner(tmp_path / "home")
    fifo = tmp_path / "up"
    os.mkfifo(fifo)
    code = f"open({str(fifo)!r}, 'w').write('up'); import time; time.sleep(600)"
    ended = threading.Event()

    def run() -> None:
        output_of(made, code, tmp_path)
        ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert fifo.read_text() == "up"
    made.stop()
    assert ended.wait(LIMIT_S)
    thread.join()


def _home(folder: Path) -> Path:
    """Make what a service has: secrets, and the folder of one build."""
    for name in ("builds/one", "jobs"):
        (folder / "home" / name).mkdir(parents=True)
    for name in ("token", "park.sqlite", "jobs/call.json"):
        (folder / "home" / name).write_text("s3cret")
    return folder / "home"


def _ran(folder: Path, code: str, **settings: bool) -> str:
    """Return what ``code`` prints, run for the one build of a home."""
    home = _home(folder)
    made = runner(home, **settings)
    return output_of(made, f"{code}\nraise SystemExit(1)", home / "builds" / "one")


@IN_MOUNTS
def test_of_the_home_a_build_sees_its_own_folder(tmp_path: Path) -> None:
    code = (
        "import os; open('made', 'w').write('m'); home = os.path.abspath('../..')\n"
        "seen = [os.path.relpath(os.path.join(at, name), home)"
        " for at, _, names in os.walk(home) for name in names if not name.startswith('.')]\n"
        "print(sorted(seen), os.path.exists(f'{home}/token'), os.path.exists('../../token'))"
    )
    assert _ran(tmp_path, code) == "['builds/one/made'] False False\n"
    home = tmp_path / "home"
    assert (home / "token").read_text() == "s3cret"
    assert (home / "builds" / "one" / "made").read_text() == "m"


@IN_MOUNTS
@pytest.mark.parametrize("way", ["umount", "remount", "namespace"])
def test_no_cover_is_taken_away(way: str, tmp_path: Path) -> None:
    steps = {
        "umount": "libc.umount2(b'../..', 2)",
        "remount": "libc.mount(None, b'../..', None, 32, None)",
        "namespace": "libc.unshare(0x10020000); libc.umount2(b'../..', 2)",
    }
    code = (
        f"import ctypes, os; libc = ctypes.CDLL(None); {steps[way]}\n"
        "print(os.path.exists('../../jobs/call.json'))\n"
        "try: open('../../new', 'w')\n"
        "except OSError as error: print(error.strerror)"
    )
    assert _ran(tmp_path, code) == "False\nRead-only file system\n"


@IN_MOUNTS
def test_what_leaves_its_session_ends_with_it(tmp_path: Path) -> None:
    held, up = str(tmp_path / "held"), str(tmp_path / "up")
    os.mkfifo(up)
    daemon = (
        "import os, fcntl, time; os.fork() and os._exit(0); os.setsid();"
        f" f = open({held!r}, 'w'); fcntl.flock(f, 2); open({up!r}, 'w').write('u');"
        " time.sleep(600)"
    )
    code = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {daemon!r}])\n"
        f"open({up!r}).read()"
    )
    _ran(tmp_path, code)
    with open(held) as file:  # noqa: PTH123 (a string, as above)
        fcntl.flock(file, fcntl.LOCK_EX)  # for ever, if the daemon still had it


@IN_MOUNTS
def test_what_a_user_wrote_has_no_network(tmp_path: Path) -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', {}))"
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = _ran(tmp_path, code.format(server.getsockname()[1]))
        assert "unreachable" in text
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@IN_MOUNTS
def test_the_service_is_neither_signalled_nor_looked_into(tmp_path: Path) -> None:
    code = (
        f"import os\ntry: os.kill({os.getpid()}, 0); print('signalled')\n"
        "except OSError: print('not signalled')\n"
        f"try: open('/proc/{os.getpid()}/environ').read(); print('read')\n"
        "except OSError: print('not read')"
    )
    assert _ran(tmp_path, code) == "not signalled\nnot read\n"
