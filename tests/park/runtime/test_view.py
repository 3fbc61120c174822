"""`park.runtime.view`: a command that enters, in processes of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import park.runtime
from park.runtime.view import ANCHORS, VIEW, enter_command

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's"),
    pytest.mark.where_possible,  # not every machine permits overlays
]

PROGRAM = f"{park.runtime.__path__[0]}/__main__.py"


def entered(
    environment: Path, *command: str, strict: bool = True
) -> subprocess.CompletedProcess[str]:
    enter = enter_command(sys.executable, PROGRAM, str(environment), [], strict=strict)
    return subprocess.run([*enter, *command], capture_output=True, text=True, check=False)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """Make two folders ``one`` and ``two``, and the layers ``above`` and ``below`` for both."""
    for name in ("one", "two", f"{ANCHORS}/above", f"{ANCHORS}/below"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("above", "below"):
        (tmp_path / ANCHORS / name / "who").write_text(name)
        (tmp_path / ANCHORS / name / name).touch()
    (tmp_path / VIEW).write_text("one\tabove:below\ntwo\tbelow:above\n")
    if entered(tmp_path, "true").returncode != 0:
        pytest.skip("this machine permits no overlay mounts")
    return tmp_path


def test_the_first_layer_lies_on_top(environment: Path) -> None:
    done = entered(environment, "cat", f"{environment}/one/who", f"{environment}/two/who")
    assert (done.stdout, done.stderr) == ("abovebelow", "")
    assert entered(environment, "ls", f"{environment}/one").stdout.split() == [
        "above",
        "below",
        "who",
    ]


def test_nobody_else_sees_it(environment: Path) -> None:
    entered(environment, "true")
    assert list((environment / "one").iterdir()) == []


@pytest.mark.parametrize(
    ("view", "why"),
    [
        (b"one\tabove:below\ntwo\tabove:absent\n", "cannot mount an overlay"),
        (b"\xff\n", f"cannot read {VIEW}"),
    ],
)
def test_a_view_that_is_not_to_be_had_is_told_and_nothing_of_it_is_left(
    environment: Path, view: bytes, why: str
) -> None:
    (environment / VIEW).write_bytes(view)
    strict = entered(environment, "ls", f"{environment}/one")
    assert (strict.returncode, strict.stdout) == (1, "")
    assert strict.stderr.startswith(f"no view of {environment}: ")
    lenient = entered(environment, "ls", f"{environment}/one", strict=False)
    assert (lenient.returncode, lenient.stdout, lenient.stderr) == (0, "", strict.stderr)
    assert why in strict.stderr or "permits no mount" in strict.stderr  # an ordinary user's


def test_what_has_no_view_is_real_already(tmp_path: Path) -> None:
    assert entered(tmp_path, "echo", "here").stdout == "here\n"


@pytest.mark.parametrize("cage", [["hide=/nowhere/of"], ["tmp=/nowhere/of", "network=none"]])
def test_who_cannot_be_kept_from_something_does_not_enter(tmp_path: Path, cage: list[str]) -> None:
    """Neither from what is in a home nor from the network, where mounts are not to be had."""
    start = enter_command(sys.executable, PROGRAM, str(tmp_path), [], strict=False, cage=cage)
    done = subprocess.run([*start, "echo", "here"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "could not be covered" in done.stderr


def test_what_is_hidden_is_hidden_though_the_view_cannot_be_read(environment: Path) -> None:
    (environment / VIEW).unlink()
    (environment / VIEW).mkdir()
    (environment / "secrets").mkdir()
    (environment / "secrets" / "token").write_text("s3cret")
    cage = ["alone", f"hide={environment}", "keep=one"]
    start = enter_command(sys.executable, PROGRAM, str(environment), [], strict=False, cage=cage)
    command = ["ls", "-a", str(environment)]
    done = subprocess.run([*start, *command], capture_output=True, text=True, check=False)
    assert (done.returncode, "one" in done.stdout, "secrets" in done.stdout) == (0, True, False)
    assert "cannot read" in done.stderr


def test_a_folder_that_is_under_a_cover_is_left(tmp_path: Path) -> None:
    """As a service that was started below /tmp, of which a user's jobs have their own."""
    script = (
        "import os, sys; from park.runtime import view; os.mkdir(sys.argv[1]);"
        "os.chdir(sys.argv[1]); view._stay_by_name(); assert os.getcwd() == sys.argv[1];"
        "os.rmdir(sys.argv[1]); view._stay_by_name(); assert os.getcwd() == '/'"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "gone"], check=True)
