from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from support.session.limits import LIMIT_S

from park_server.installs.build_command import ConfinedRunner

if TYPE_CHECKING:
    from pathlib import Path


def runner(*read_only: Path, timeout_s: float = 60, memory_bytes: int = 1 << 30) -> ConfinedRunner:
    return ConfinedRunner(read_only=read_only, timeout_s=timeout_s, memory_bytes=memory_bytes)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def output_of(made: ConfinedRunner, code: str, folder: Path) -> str:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        made.launch(python(code), str(folder), made.environ(folder))
    text: str = caught.value.stdout.decode()
    return text


def test_what_it_prints_is_told_where_it_fails(tmp_path: Path) -> None:
    assert output_of(runner(), "print('hello'); raise SystemExit(3)", tmp_path) == "hello\n"
    runner().launch(python("print('hello')"), str(tmp_path), {})


def test_variables_of_the_operator_stay_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://user:secret@example.org/simple/")
    monkeypatch.setenv("PARK_TOKEN", "secret")
    code = "import os; print(os.environ); raise SystemExit(1)"
    text = output_of(runner(), code, tmp_path)
    assert "secret" not in text
    assert str(tmp_path) in text


def test_no_module_in_the_folder_stands_for_one_of_ours(tmp_path: Path) -> None:
    for name in ("json", "resource", "park", "park_server"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not confined')\n")
    runner().launch(python("pass"), str(tmp_path), {"PYTHONPATH": str(tmp_path)})


def test_it_ends_when_its_time_is_up_with_all_that_it_started(tmp_path: Path) -> None:
    held = tmp_path / "held"
    child = f"import fcntl, time; f = open({str(held)!r}, 'w'); fcntl.flock(f, 2); time.sleep(600)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    text = output_of(runner(timeout_s=2), code, tmp_path)
    assert text.endswith("ended: not done within 2 s\n")
    with held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # for ever, if the grandchild still had it


def test_the_memory_of_a_process_is_limited(tmp_path: Path) -> None:
    text = output_of(runner(memory_bytes=100 << 20), "bytearray(200 << 20)", tmp_path)
    assert "MemoryError" in text


def test_stop_ends_what_runs(tmp_path: Path) -> None:
    made = runner()
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


@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_folders_of_the_service_are_read_only(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    code = f"open({str(kept / 'file')!r}, 'w')"
    assert "Read-only file system" in output_of(runner(kept), code, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_the_secrets_of_the_service_are_empty(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret")
    made = ConfinedRunner(read_only=[token], hidden=[token], timeout_s=60, memory_bytes=1 << 30)
    code = f"print(repr(open({str(token)!r}).read())); raise SystemExit(1)"
    assert output_of(made, code, tmp_path) == "''\n"
    assert token.read_text() == "s3cret"
