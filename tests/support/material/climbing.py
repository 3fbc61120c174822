"""Two wheels that find each other by climbing, as CUDA's and Qt's do: ELF files, and programs."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.material.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FOUND", "climbing_wheels"]

_ANSWER = "int answer(void) { return 42; }\n"
_ASKING = "int answer(void);\nint ask(void) { return answer(); }\n"
_PROGRAM = """\
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int answer(void);
int main(void) {
    char path[4096], line[64] = "";
    long size = readlink("/proc/self/exe", path, 4000);
    path[size] = 0;
    strcpy(strrchr(path, '/'), CLIMB);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file)) { puts(path); return 1; }
    printf("%s %d\\n", line, answer());
    return 0;
}
"""

_CLIMBER = b'''\
"""Reports what is found by every way of climbing; an error where it is not."""

import ctypes, os, subprocess, sys
from pathlib import Path

HERE = os.path.dirname(__file__)
REAL = Path(__file__).resolve().parent
PREFIX = os.path.realpath(sys.prefix) + "/"

def output(program):
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.strip()

WAYS = {
    "..": lambda: open(HERE + "/../basement/data.txt").read(),
    "resolve": lambda: REAL.parent.joinpath("basement/data.txt").read_text(),
    "realpath": lambda: os.path.realpath(__file__).startswith(PREFIX),
    "pth": lambda: sys.climbed.startswith(PREFIX),
    "to prefix": lambda: REAL.parents[3].joinpath("share/attic/note").read_text(),
    "from share": lambda: os.path.realpath(sys.prefix + "/share/attic/note").startswith(PREFIX),
    "header": lambda: bool(list(Path(sys.prefix, "include").rglob("attic.h"))),
    "ELF": lambda: ctypes.CDLL(HERE + "/lib/libasking.so").ask(),
    "program": lambda: output(HERE + "/libexec/helper"),
    "script": lambda: output(sys.prefix + "/bin/climb"),
    "later owner": lambda: __import__("shared").OWNER,
    "hidden by a file": lambda: sorted(os.listdir(HERE + "/../mixed")),
}

def found(way):
    try:
        return WAYS[way]()
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def report():
    return {way: found(way) for way in WAYS}
'''

FOUND: dict[str, Any] = {
    "..": "data",
    "resolve": "data",
    "realpath": True,
    "pth": True,
    "to prefix": "note",
    "from share": True,
    "header": True,
    "ELF": 42,
    "program": "data 42",
    "script": "data 42",
    "later owner": "basement",
    "hidden by a file": ["c"],
}
"""What ``attic.report()`` returns in an environment that is as pip makes it."""


def climbing_wheels(folder: Path, *, python: str) -> list[Path]:
    """Make the wheels ``attic``, ``basement`` and ``cellar``, for a Python minor; needs gcc."""
    built = folder / "built"
    built.mkdir(parents=True)
    site = f"../lib/python{python}/site-packages"
    attic = {
        "attic/__init__.py": _CLIMBER,
        "attic/lib/libasking.so": _asking(built),
        "attic/libexec/helper": _program(built, "../../basement"),
        "attic-1.0.data/scripts/climb": _program(built, f"{site}/basement"),
        "attic-1.0.data/data/share/attic/note": b"note",
        "attic-1.0.data/headers/attic.h": b"",
        "attic_at_start.py": b"import os, sys; sys.climbed = os.path.realpath(__file__)\n",
        "attic.pth": b"import attic_at_start\n",
        "shared.py": b"OWNER = 'attic'\n",
        "mixed/a": b"",
    }
    basement: Mapping[str, bytes] = {
        "basement/__init__.py": b"",
        "basement/data.txt": b"data",
        "basement/lib/libanswer.so": (built / "libanswer.so").read_bytes(),
        "shared.py": b"OWNER = 'basement'\n",
        "mixed": b"a file",
    }
    executable = ("attic/libexec/helper", "attic-1.0.data/scripts/climb")
    return [
        make_wheel(folder, "attic", files=attic, executable=executable),
        make_wheel(folder, "basement", files=basement),
        make_wheel(folder, "cellar", files={"mixed/c": b""}),
    ]


def _asking(built: Path) -> bytes:
    _compile(built / "libanswer.so", _ANSWER, "-shared", "-fPIC")
    return _compile(
        built / "libasking.so",
        _ASKING,
        *("-shared", "-fPIC", f"-L{built}", "-lanswer"),
        "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../../basement/lib",
    )


def _program(built: Path, basement: str) -> bytes:
    """Return a program that finds ``basement``, relative to its own folder, in both ways."""
    return _compile(
        built / "program",
        _PROGRAM,
        f'-DCLIMB="/{basement}/data.txt"',
        *(f"-L{built}", "-lanswer", f"-Wl,-rpath,$ORIGIN/{basement}/lib"),
    )


def _compile(target: Path, source: str, *options: str) -> bytes:
    command = ["gcc", "-o", str(target), "-x", "c", "-", "-x", "none", *options]
    subprocess.run(command, input=source.encode(), check=True, capture_output=True)
    return target.read_bytes()
