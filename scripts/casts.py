"""Make the casts of the main commands that are in the documents: what a terminal shows, as SVG.

    .venv-test-3.11/bin/python scripts/casts.py

It starts a service on loopback with a few jobs, runs each command as on a terminal of 88 columns,
and writes docs/casts. Look at each before it is committed.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from io import StringIO
from pathlib import Path

from rich import _export_format as rich_formats
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

from screenshots import submit  # noqa: E402 (beside this)
from support.faults.pipes import Pipe  # noqa: E402 (beside the tests)
from support.pages.page_lab import page_lab  # noqa: E402
from support.services.park_client import Client  # noqa: E402

CASTS = ROOT / "docs" / "casts"
COLUMNS = 88

COMMANDS = {
    "help": ("--help",),
    "run": ("run", "page_model:simulate", "--arg", "seed=4711"),
    "jobs": ("jobs", "--limit", "8"),
    "why": ("why", "WAITING"),
    "watch": ("watch", "--once"),
}
"""Each cast, and the command that it shows; WAITING stands for a job that waits."""


def main() -> None:
    """Start the service, and look at it."""
    CASTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with page_lab(folder) as lab, Pipe(folder / "up") as up, Pipe(folder / "go") as go:
            fit = submit(lab, str(up), str(go))
            up.receive()
            (waiting,) = lab.service.get("/api/v1/jobs", status="waiting")
            for cast, words in COMMANDS.items():
                shown = [waiting["id"][-6:] if word == "WAITING" else word for word in words]
                _write(cast, shown, _said(lab.client, shown))
            go.send("go")
            lab.service.result_of(fit)


def _said(client: Client, words: list[str]) -> str:
    """Return what ``park`` says to a terminal."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    environ = client.environ() | {"TERM": "xterm-256color"}
    environ.pop("NO_COLOR", None)
    command: list[str | Path] = [client.python.with_name("park"), *words]
    with subprocess.Popen(
        command, stdin=there, stdout=there, stderr=there, env=environ, cwd=client.folder
    ) as process:
        os.close(there)
        said = b""
        try:
            while block := os.read(here, 1 << 16):
                said += block
        except OSError:  # the other end is closed
            pass
    os.close(here)
    if process.returncode != 0:
        raise SystemExit(f"park {' '.join(words)}: {said.decode()}")
    return said.decode().replace("\r\n", "\n")


def _write(cast: str, words: list[str], said: str) -> None:
    """Write what was seen at the end, below the command, as a picture that loads nothing."""
    console = Console(file=StringIO(), record=True, width=COLUMNS, force_terminal=True)
    console.print(Text.assemble(("$ ", "green"), ("park " + " ".join(words), "bold")))
    for line in said.rstrip("\n").split("\n"):
        console.print(Text.from_ansi(line.split("\r")[-1]), soft_wrap=True)
    code_format = re.sub(
        r"@font-face \{\{.*?\}\}\s*", "", rich_formats.CONSOLE_SVG_FORMAT, flags=re.DOTALL
    )
    svg = console.export_svg(
        title=f"park {words[0]}", theme=MONOKAI, code_format=code_format, unique_id=f"park-{cast}"
    )
    (CASTS / f"{cast}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
