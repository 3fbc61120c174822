"""What a failed build says: the last lines of whoever failed, and what it did not find."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from park.build.output import (
    build_failed,
    last_lines,
    paths_sought,
    without_frames_of_tools,
)

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


SITE = "/venv/lib/python3.11/site-packages"
TRACEBACK = f"""before
Traceback (most recent call last):
  File "{SITE}/pyproject_hooks/_in_process.py", line 406, in <module>
    main()
  File "{SITE}/setuptools/build_meta.py", line 317, in run_setup
    exec(code, locals())
    ^^^^^^^^^^^^^^^^^^^^
  File "<string>", line 3, in <module>
  File "{{last}}", line 7, in found
    raise RuntimeError("no compiler")
RuntimeError: no compiler
after
"""


@pytest.mark.parametrize("last", ["/tree/helper.py", f"{SITE}/hatchling/core.py"])
def test_frames_of_tools_are_left_out_of_what_is_said(last: str) -> None:
    text = TRACEBACK.format(last=last)
    assert without_frames_of_tools(text).splitlines() == [
        "before",
        "Traceback (most recent call last):",
        '  File "<string>", line 3, in <module>',
        f'  File "{last}", line 7, in found',
        '    raise RuntimeError("no compiler")',
        "RuntimeError: no compiler",
        "after",
    ]
    assert without_frames_of_tools("error: no\n  File x\n") == "error: no\n  File x\n"


def test_an_error_says_the_short_form_and_keeps_all() -> None:
    cause = subprocess.CalledProcessError(1, "x", TRACEBACK.format(last="/t.py").encode(), b"")
    failed = build_failed("it failed", cause)
    assert "site-packages" not in failed.message
    assert failed.message.startswith("it failed:\nbefore\nTraceback")
    assert "_in_process.py" in failed.details["output"]
