"""What refl1d costs a first time, paid once by all tests of a run: fifty wheels here and there.

A virtualenv whose modules and numba's functions are compiled, of which others are copies; and the
wheels as a service keeps them, unpacked and compiled, for services whose own filling is no matter
of the test. Whether wheels are fetched, unpacked and compiled as they should be is tested with
smaller ones, and once with these (``test_real_sets``).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uv
from support.labs.environment_lab import own_interpreter
from support.services.park_client import make_virtualenv, uv_install
from support.services.virtualenv_copy import copy_virtualenv
from support.session.shared_folder import made_once

from park_repo.wheelstore.store import WheelStore
from park_server.egress.addresses import AddressPolicy
from park_server.envs.fill import compile_entries, fill_store
from park_server.envs.pylock import load, normalise, select
from park_server.envs.realise_progress import ignore_progress
from park_server.envs.wheel_download import Downloader

if TYPE_CHECKING:
    from park_server.envs.interpreters import Interpreter

__all__ = ["give_wheels", "virtualenv_with_refl1d"]

_FIT = """
from bumps.names import Curve, FitProblem

def line(x, slope=1, offset=0):
    return slope * x + offset

curve = Curve(line, [0, 1, 2, 3, 4], [1, 3, 5, 7, 9.5], [1, 1, 1, 1, 1])
curve.slope.range(0, 5)
curve.offset.range(-5, 5)
problem = FitProblem(curve)
"""
"""What has bumps and numba compile all that a fit needs."""


def virtualenv_with_refl1d(folder: Path, *requirements: str | Path) -> Path:
    """Make a virtualenv as `make_virtualenv` does, with refl1d beside; return its interpreter."""
    copy_virtualenv(made_once("virtualenv-refl1d", _make_virtualenv), folder)
    python = folder / "bin" / "python"
    if requirements:
        uv_install(python, *requirements)
    return python


def _make_virtualenv(folder: Path) -> None:
    python = make_virtualenv(folder, "refl1d")
    subprocess.run([python, "-c", "import refl1d.names, refl1d.webview.server"], check=True)
    model = folder.with_suffix(".py")
    model.write_text(_FIT)
    options = ["--fit=dream", "--samples=100", "--burn=5", "--batch", "--parallel=1"]
    session = f"--session={folder.with_suffix('.h5')}"
    subprocess.run(
        [folder / "bin" / "bumps", model, session, *options], check=True, capture_output=True
    )


def give_wheels(home: Path) -> None:
    """Give a service that has not begun yet the wheels of refl1d, unpacked and compiled."""
    source = made_once("wheels-refl1d", _make_wheels) / "store"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", source, home / "store"], check=True)
    store = WheelStore(home / "store")
    for entry in store.entries():
        assert store.accept(entry.key), f"{entry.filename} is not what was copied"


def _make_wheels(folder: Path) -> None:
    interpreter = own_interpreter()
    lock = normalise(load(_locked(folder, interpreter).read_bytes()), interpreter)
    selection, store = select(lock, interpreter), WheelStore(folder / "store")
    # where a machine reaches the registry by an address of its own, that is no public one
    hosts = {urlsplit(str(each.url)).netloc for each in selection.wheels}
    with Downloader(folder / "wheels", addresses=AddressPolicy.of(hosts)) as downloads:
        entries = fill_store(
            store, selection, interpreter, fetch=downloads.fetch, progress=ignore_progress
        )
        compile_entries(store, entries, interpreter, progress=ignore_progress)
    shutil.rmtree(folder / "wheels")


def _locked(folder: Path, interpreter: Interpreter) -> Path:
    """Lock what a client pins whose virtualenv has refl1d."""
    folder.mkdir(parents=True)
    wanted, locked = folder / "requirements.in", folder / "pylock.toml"
    wanted.write_text("refl1d\n")
    arguments = [wanted, "--format", "pylock.toml", "-o", locked, "--only-binary", ":all:"]
    options = ["--quiet", "--python", interpreter.executable]
    command = [uv.find_uv_bin(), "pip", "compile", *map(str, [*arguments, *options])]
    subprocess.run(command, check=True)
    return locked
