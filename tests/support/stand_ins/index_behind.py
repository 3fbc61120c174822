"""An index with another one behind it, as a laboratory has PyPI behind its own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.material.index_tools import upload
from support.material.wheels import make_wheel
from support.neighbours.index_server import application, opened_index, serving

from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["serving_behind"]


@contextmanager
def serving_behind(folder: Path) -> Iterator[str]:
    """Serve an index whose upstream is another one, open to all, with ``six`` 1.0 in it."""
    with (
        opened_index(folder / "upstream") as behind,
        serving(application(behind, is_open=True)) as up,
        opened_index(folder / "index", upstream=Upstream(f"{up}/simple/")) as index,
        serving(application(index)) as url,
    ):
        upload(up, make_wheel(folder / "up", "six", "1.0"))
        yield url
