"""Colours on a terminal, none with ``NO_COLOR``, in a pipe or on a dumb one."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.session.limits import LIMIT_S

COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
"""A colour in ECMA-48's Select Graphic Rendition; bold and faint are none."""

BARS = """
import sys, time
from park.client.report import reporter
with reporter() as report:
    report.progress("building", 1, 4, "files")
    report.step("something was done")
    report.progress("building", 4, 4, "files")
"""

PICTURE = """
import sys
sys.path.insert(0, {tests!r})
from support.labs.workflows import story
from park.cli.jobs.watch import _chosen, _worst
from park.client.workflows.updates import State
from park.client.workflows.joining import joined
import argparse
show = _chosen(argparse.Namespace(json=False))
sys.exit(_worst(show(iter([State(record=joined(story()))]))))
"""

TREE = """
import sys
sys.path.insert(0, {tests!r})
from support.labs.workflows import story
from park.cli.jobs.graph import _show
from park.client.workflows.joining import joined
import argparse
_show(joined(story()), "text", argparse.Namespace(all=False, output=None))
"""


def on_a_terminal(code: str, **variables: str) -> str:
    """Run ``code`` on a terminal of its own; return all that it wrote there."""
    kept = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    environ = kept | {"TERM": "xterm-256color", "COLUMNS": "100"} | variables
    ours, theirs = pty.openpty()
    tests = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", code.replace("{tests!r}", repr(tests))],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environ,
    ) as process:
        os.close(theirs)
        found = b""
        while True:
            try:
                block = os.read(ours, 65_536)
            except OSError:  # EIO: nobody has the other side open any more
                block = b""
            if not block:
                break
            found += block
        assert process.wait(LIMIT_S) == 0, found.decode()
    os.close(ours)
    return found.decode()


@pytest.mark.parametrize("code", [BARS, PICTURE, TREE], ids=["bars", "watch", "graph"])
def test_a_terminal_gets_colours_unless_it_is_asked_to_have_none(code: str) -> None:
    coloured, plain = on_a_terminal(code), on_a_terminal(code, NO_COLOR="1")
    assert COLOUR.search(coloured)
    assert not COLOUR.search(plain)
    assert on_a_terminal(code, TERM="dumb").count("\x1b") == 0


@pytest.mark.parametrize(("code", "word"), [(PICTURE, "running"), (TREE, "running")])
def test_without_colours_everything_is_said(code: str, word: str) -> None:
    plain = on_a_terminal(code, NO_COLOR="1")
    assert word in plain
    assert "define_fit" in plain
    assert "●" in plain


def test_an_encoding_without_the_signs_gets_others() -> None:
    plain = on_a_terminal(TREE, NO_COLOR="1", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "`- * mymodel:define_fit" in re.sub(r"\x1b\[[0-9;]*m", "", plain)
