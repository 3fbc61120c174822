import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from park.cli.main import main


@pytest.fixture(autouse=True)
def nobody_elses_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "file" / "config.toml"))
    assert main(["service", "add", "one", "http://one"]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "file") in said
    assert "hint: see that it exists" in said
    assert "defect" not in said


def test_a_defect_is_said_to_be_one_and_shown_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("park.cli.services.service.run", broken)
    assert main(["service", "list"]) == 1
    said = capsys.readouterr().err
    assert "a defect of park" in said
    assert "Traceback" not in said
    assert main(["service", "list", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_no_failure_of_park(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("park.cli.services.service.run", interrupted)
    assert main(["service", "list"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_an_error_keeps_its_exit_code_with_debug(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service", "use", "absent", "--debug"]) == 2
    assert "no service named 'absent'" in capsys.readouterr().err


def test_an_option_in_front_of_the_command_is_told_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["-s", "lab", "run", "m:f"]) == 2
    assert capsys.readouterr().err == (
        "park: error: -s stands in front of the command\n"
        "hint: options come behind it: park run -s …\n"
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_no_letter_ends_the_program_and_json_stays_json(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["service", "list"]) == 0  # whatever runs has its standard output made fit first
    text = "…7f3abc → film \N{MICROSCOPE} é"
    stream.write(f"{json.dumps(text, ensure_ascii=False)}\nname \udcff")
    stream.flush()
    *_, line, name = written.getvalue().splitlines()
    assert json.loads(line.decode(encoding)) == text
    assert name == b"name \xff"


ENDING = """
import atexit, threading
from park.cli import main

def at_the_end():
    said.wait()
    print("thread")

said = threading.Event()
threading.Thread(target=at_the_end).start()
atexit.register(print, "handler")
main.main = lambda: print("command") or said.set() or 5
main.command()
"""


def test_a_command_ends_as_python_does_with_its_status() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDING], check=False, stdout=subprocess.PIPE, text=True
    )
    assert done.returncode == 5
    lines = done.stdout.split()
    assert sorted(lines) == ["command", "handler", "thread"]
    assert lines[-1] == "handler"  # after threads, as it is wherever Python ends
