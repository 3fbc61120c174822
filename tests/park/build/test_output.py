"""What a failed build says: the last lines of whoever failed, and what it did not find."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from park.build.output import build_failed, last_lines, paths_sought

SOURCE = Path("/home/ada/.cache/park/exports-v1/cpython/0123abcd")


class Wrapped(Exception):
    """An error around another, as `build` has them."""

    def __init__(self, inner: BaseException) -> None:
        super().__init__("it failed")
        self.exception = inner


def process(stdout: bytes | str | None, stderr: bytes | str | None) -> Exception:
    return subprocess.CalledProcessError(1, ["pip"], output=stdout, stderr=stderr)


def test_the_last_lines_that_say_something() -> None:
    assert last_lines("a\n\n  \nb  \nc\n\n", 2) == "b\nc"
    assert last_lines("") == ""
    assert last_lines("\n".join(map(str, range(30)))).splitlines()[0] == "10"


def test_a_process_is_heard_on_both_streams_through_whatever_wraps_it() -> None:
    error = build_failed("building film failed", Wrapped(Wrapped(process(b"out\n", b"err\xff\n"))))
    assert str(error) == "building film failed:\nout\nerr\ufffd"
    assert error.details == {"output": "out\nerr\ufffd"}


def test_streams_may_be_text_or_nothing() -> None:
    assert str(build_failed("it failed", process("out", None))) == "it failed:\nout"


def test_another_error_is_heard_by_its_words() -> None:
    assert str(build_failed("it failed", ValueError("no name"))) == "it failed:\nno name"


def test_without_output_it_says_what_failed_and_what_to_do() -> None:
    error = build_failed("it failed", None, hint="try again")
    assert (str(error), error.hint, error.details) == ("it failed", "try again", {"output": ""})


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("OSError: file does not exist: ../../VERSION", "../../VERSION"),
        (f"[Errno 2] No such file or directory: '{SOURCE}/../../VERSION'", "../../VERSION"),
        (f"[Errno 2] No such file: '{SOURCE.parents[1]}/README.md'", "../../README.md"),
        ('Cannot open "../LICENSE", line 3', "../LICENSE"),
        (f"No such file: {SOURCE}/VERSION", "VERSION"),
        (f"No such file: {SOURCE}/src/../data/VERSION", "data/VERSION"),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: 'data/film.npy'",
            "data/film.npy",
        ),
        (f"Forced include not found: {SOURCE}/data/film.npy", "data/film.npy"),
        ('File "/home/ada/.cache/park/build-environments-v1/x/lib/a/../b.py", line 1', None),
        ('File "/usr/lib/python3.11/pathlib.py", line 1044', None),
        ("not found: a b/c d", None),
        (f"No such file: {SOURCE}", None),
        (f"No such file: {SOURCE.parent}", None),
        (f"x {SOURCE.parents[1]}/README.md", None),
    ],
)
def test_what_was_looked_for_is_told_from_other_paths(said: str, found: str | None) -> None:
    assert paths_sought(said, SOURCE) == (() if found is None else (found,))
