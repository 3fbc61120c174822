"""Which layout environments can have on this machine: found by trying, once at each start."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import park.runtime
from park.runtime.view import ANCHORS, VIEW, enter_command
from park_server.envs.environment import Layout

__all__ = ["FoundLayout", "layout_here", "no_links", "permitted_layout"]

_TRIAL_S = 30.0
"""How long the trial may take; it takes 50 ms. A file system that hangs is none to build on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundLayout:
    """How environments are laid out here.

    ``why_not_overlay`` says why they are not seen through overlays, where they are not;
    ``why_none`` why none can be made at all.
    """

    layout: Layout
    why_not_overlay: str | None = None
    why_none: str | None = None

    @property
    def name(self) -> str:
        """What the service says that it is."""
        return "none" if self.why_none else self.layout

    @property
    def why_not(self) -> str | None:
        """Why it is not the best there is, where it is not."""
        return self.why_none or self.why_not_overlay


def layout_here(folder: Path) -> FoundLayout:
    """Return how environments below ``folder`` are laid out, found by trying."""
    layout, why_not_overlay = permitted_layout(folder)
    return FoundLayout(layout=layout, why_not_overlay=why_not_overlay, why_none=no_links(folder))


def permitted_layout(folder: Path) -> tuple[Layout, str | None]:
    """Return the layout for environments below ``folder``, and why it is not overlays.

    A process like those of jobs, with the rights of this one, mounts a small view there.
    """
    with TemporaryDirectory(prefix=".trial-", dir=folder) as trial:
        why = _failure(Path(trial))
    return (Layout.OVERLAY, None) if why is None else (Layout.HARD_LINKS, why)


def no_links(folder: Path) -> str | None:
    """Return why no environment can be made below ``folder``: each has hard links. Else None."""
    with TemporaryDirectory(prefix=".trial-", dir=folder) as trial:
        file = Path(trial, "file")
        file.touch()
        try:
            file.with_name("link").hardlink_to(file)
        except OSError as error:
            return f"the file system of {folder} takes no hard links ({error.strerror})"
    return None


def _failure(trial: Path) -> str | None:
    """Return why the view of a small environment at ``trial`` is not to be had, or None."""
    for name in ("above", "below"):
        (trial / ANCHORS / name).mkdir(parents=True)
        (trial / ANCHORS / name / name).touch()
    (trial / "at").mkdir()
    (trial / VIEW).write_text("at\tabove:below\n")
    place = os.fspath(trial)
    program = os.path.join(park.runtime.__path__[0], "__main__.py")  # noqa: PTH118 (a string)
    look = "import os, sys; sys.exit(sorted(os.listdir(sys.argv[1])) != ['above', 'below'])"
    try:
        done = subprocess.run(
            [
                *enter_command(sys.executable, program, place, [place], strict=True),
                *(sys.executable, "-I", "-S", "-B", "-c", look, f"{place}/at"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TRIAL_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    last = done.stderr.strip().rpartition("\n")[2].removeprefix(f"no view of {trial}: ")
    return last or "the overlay does not show what is in its layers"
