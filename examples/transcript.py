"""Commands, each shown before it runs; and services on loopback to run them against."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PARK = Path(sys.executable).with_name("park")


def park(*arguments: str | Path, capture: bool = False, quiet: bool = False) -> str:
    """Show and run one command line of park; stop where it fails."""
    return run([PARK, *arguments], "park", capture=capture, quiet=quiet)


def python(script: Path) -> str:
    """Show and run a Python script; return what it prints, which is shown as well."""
    printed = run([sys.executable, script], "python", capture=True)
    print(printed, end="", flush=True)
    return printed


def run(command: Sequence[str | Path], name: str, *, capture: bool, quiet: bool = False) -> str:
    """Run ``command``, shown under ``name``; stop where it fails."""
    if not quiet:
        show(name, *map(str, command[1:]))
    stdout = subprocess.PIPE if capture else None
    done = subprocess.run(command, stdout=stdout, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout or ""


@contextmanager
def service(name: str, home: Path) -> Iterator[None]:
    """Run a service on loopback for as long as the block lasts, and give it its name."""
    home.parent.mkdir(parents=True, exist_ok=True)
    ready = home.with_suffix(".json")
    ready.unlink(missing_ok=True)
    command = ["serve", "--home", str(home), "--port", "0", "--allow-address", "127.0.0.1"]
    show("park", *command)
    process = subprocess.Popen(
        [PARK, *command, "--ready-file", ready], stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:  # what it does until it serves, or why it does not
        print(line, end="")
        if ready.exists():
            break
    else:
        sys.exit(f"{name} did not start")
    try:
        park("service", "add", name, json.loads(ready.read_text())["url"])
        yield
    finally:
        process.terminate()
        process.communicate()


def keep_in(folder: Path) -> None:
    """Have all of park's files in ``folder``: your own configuration is left alone."""
    os.environ["PARK_CONFIG"] = str(folder / "config.toml")
    os.environ["PARK_STATE_DIR"] = str(folder / "state")
    os.environ["PARK_CACHE_DIR"] = str(folder / "cache")


def show(*command: str) -> None:
    """Print a command as one would type it."""
    print(f"\n$ {shlex.join(command)}", flush=True)


def say(text: str) -> None:
    """Print a sentence between the commands."""
    print(f"\n{text}", flush=True)
