"""The stages of a container's image, made on layers over this machine: nothing of it is changed.

What a step writes lands in a layer of its stage (overlayfs), as it does where an image is built;
below it is this machine in place of the base image. The base's interpreter, which anybody may run,
is the one that runs the tests.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Running", "Stage", "context", "require_layers"]

_ENTER = """
stage=$1 apart=$2; shift
for each in /*; do
    name=${each#/}
    if [ -L "$each" ]; then cp -P "$each" "$stage/root/"; continue; fi
    case $name in proc|sys|dev|"$apart") continue;; esac
    [ -d "$each" ] || continue
    mkdir -p "$stage/root/$name" "$stage/upper/$name" "$stage/work/$name"
    layers="lowerdir=$each,upperdir=$stage/upper/$name,workdir=$stage/work/$name"
    mount -t overlay overlay -o "$layers" "$stage/root/$name"
done
for each in "$stage"/upper/*; do  # what a step has made at the top
    name=${each##*/}
    [ -d "/$name" ] || { mkdir -p "$stage/root/$name"; mount --bind "$each" "$stage/root/$name"; }
done
mkdir -p "$stage/root/proc" "$stage/root/dev" "$stage/root/tmp"
chmod 1777 "$stage/root/tmp"
mount --rbind /dev "$stage/root/dev"
mount -t proc proc "$stage/root/proc"
shift
ip link set lo up 2>/dev/null || true
exec chroot "$@"
"""

_NAMESPACES = ("--mount", "--pid", "--fork", "--kill-child")
_BASE = Path(sys.base_prefix)


def require_layers(folder: Path) -> None:
    """Skip the test where this machine does not allow layers below ``folder``."""
    if os.geteuid() != 0:
        pytest.skip("only root can lay layers over this machine")
    done = Stage(folder).entered(["true"], check=False)
    if done.returncode:
        pytest.skip(f"no layers can be laid over this machine: {done.stderr.strip()}")


def context(root: Path) -> list[Path]:
    """Return what of the folder ``root`` goes to whoever builds the image, by its .dockerignore."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    found = []
    for path in root.iterdir():
        is_left_out = False
        for rule in rules:
            if fnmatch(path.name, rule.removeprefix("!").removeprefix("**/")):
                is_left_out = not rule.startswith("!")
        if not is_left_out:
            found.append(path)
    return found


class Stage:
    """One stage of an image, whose layer is kept below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._upper = folder / "upper"
        for each in (self._upper, folder / "root", folder / "work"):
            each.mkdir(parents=True, exist_ok=True)

    def copy(self, sources: Sequence[Path], target: str) -> None:
        """Copy ``sources`` into the folder ``target`` of the stage, as COPY does."""
        place = self._upper / target.strip("/")
        place.mkdir(parents=True, exist_ok=True)
        for source in sources:
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, place / source.name, symlinks=True, ignore=ignored)
            else:
                shutil.copy2(source, place)

    def made(self, path: str) -> list[Path]:
        """Return what lies in the folder ``path`` that this stage has made."""
        return [*(self._upper / path.strip("/")).iterdir()]

    def run(self, step: str) -> None:
        """Run what a RUN of the stage says, as root."""
        done = self.entered(["/bin/sh", "-ec", step], check=False)
        assert done.returncode == 0, f"{step}\n{done.stdout}\n{done.stderr}"

    def entered(
        self, words: Sequence[str], *, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the stage, as root."""
        return subprocess.run(
            self._command(words, [], []),
            env=_variables(),
            capture_output=True,
            text=True,
            check=check,
            timeout=LIMIT_S,
        )

    def begun(self, words: Sequence[str], *, user: str) -> Running:
        """Start a command in the stage as ``user`` (USER), with a network of its own."""
        return Running(
            subprocess.Popen(
                self._command(words, ["--net"], [f"--userspec={user}"]),
                env=_variables(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ),
            user,
        )

    def _command(
        self, words: Sequence[str], namespaces: Sequence[str], options: Sequence[str]
    ) -> list[str]:
        apart = self._folder.resolve().parts[1]  # layers cannot lie below what they cover
        enter = ["sh", "-ec", _ENTER, "sh", str(self._folder), apart]
        inside = [*options, str(self._folder / "root"), *words]
        return ["unshare", *_NAMESPACES, *namespaces, *enter, *inside]


class Running:
    """What runs in a stage as its first process; a context manager that kills it."""

    def __init__(self, process: subprocess.Popen[str], user: str) -> None:
        self._process = process
        self._user, _, self._group = user.partition(":")

    def __enter__(self) -> Self:
        self._process.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.__exit__(None, None, None)

    def until(self, text: str) -> None:
        """Wait for a line that has this in it."""
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if text in line:
                return
        pytest.fail("".join(said))

    def ask(self, words: Sequence[str]) -> None:
        """Run another command beside it, which is to succeed (HEALTHCHECK)."""
        enter = ["nsenter", f"--target={self._pid}", "--mount", "--net", "--pid", "--root"]
        whom = [f"--setuid={self._user}", f"--setgid={self._group}"]
        subprocess.run([*enter, *whom, "--wd=/", *words], check=True, timeout=LIMIT_S)

    def user(self) -> str:
        """Return as whom it runs: the user id."""
        return str(Path(f"/proc/{self._pid}").stat().st_uid)

    def stop(self, number: signal.Signals) -> int:
        """Send it a signal (STOPSIGNAL); return its exit status."""
        os.kill(self._pid, number)
        self._process.communicate(timeout=LIMIT_S)
        return self._process.returncode

    @property
    def _pid(self) -> int:
        pid = self._process.pid  # of unshare(1), which waits for it
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii"))


def _variables() -> dict[str, str]:
    """Return the variables of a step: those that say where packages come from, and the base's."""
    names = ("PIP_", "UV_", "SSL_", "http", "HTTP", "no_proxy", "NO_PROXY")
    kept = {name: value for name, value in os.environ.items() if name.startswith(names)}
    return {**kept, "PATH": f"{_BASE / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
