"""Which files of tests one worker takes: each alone, but those that share what takes long."""

from __future__ import annotations

from support.session.file_order import file_of
from xdist.scheduler import LoadScopeScheduling

__all__ = ["TOGETHER", "FilesTogether", "scope_of"]

TOGETHER = {
    # fifty wheels with refl1d, unpacked and compiled by the service of the worker
    "tests/functional/jobs/test_refl1d.py": "tests/functional/jobs/test_fit_scripts.py",
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
