"""Released wheels, as the pip of this interpreter finds them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from park.build.output import last_lines
from park.errors import ResolutionFailed

if TYPE_CHECKING:
    from park.model.pins import Pin

__all__ = ["pip_on"]


def pip_on(pins: Iterable[Pin], command: str, *options: str, failure: str) -> str:
    """Return what a ``command`` of pip prints for the wheels of released ``pins``.

    pip has the settings that it has here: index, credentials, proxy, certificates. No
    requirement is followed: the closure is what is installed, all of it pinned. Raises
    `ResolutionFailed` with ``failure`` and pip's last lines where one has no wheel.
    """
    with TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text("".join(f"{pin}\n" for pin in pins))
        wheels_alone = ["--quiet", "--no-deps", "--only-binary", ":all:"]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", command, *wheels_alone),
                *("-r", str(requirements), *options),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise ResolutionFailed(
            f"{failure}:\n{last_lines(done.stderr)}",
            hint="a project from conda or a private index may have no wheel on the index that "
            "pip uses here: install a version that has one",
        )
    return done.stdout
