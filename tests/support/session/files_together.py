"""Which files of tests one worker takes: each alone, but those that share what takes long."""

from __future__ import annotations

from support.session.file_order import file_of
from xdist.scheduler import LoadScopeScheduling

__all__ = ["TOGETHER", "FilesTogether", "scope_of"]

_FITS = "tests/functional/jobs/test_fit_scripts.py"
_SETS = "tests/functional/envs/test_real_sets.py"

TOGETHER = {
    # fifty wheels with refl1d, unpacked and compiled by the service of the worker
    "tests/functional/jobs/test_refl1d.py": _FITS,
    # what computes for minutes has a core for its own: side by side each takes as long as all
    "tests/functional/memo/test_fitting_edits.py": _FITS,
    "tests/functional/build/test_real_trees.py": _SETS,
    "tests/functional/jobs/fits/test_bumps_versions.py": _SETS,
}
"""Files that are given to the worker of another file."""


def scope_of(nodeid: str) -> str:
    """Return the file whose worker takes a test."""
    file = file_of(nodeid)
    return TOGETHER.get(file, file)


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a worker whole files, as ``--dist=loadfile`` does."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)
