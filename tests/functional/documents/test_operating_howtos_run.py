"""What how-tos for operators, and about the index, tell to type is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.services.page_howtos import BEFORE, page
from support.services.park_client import make_virtualenv

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.page_reader import Reader

NOT_RUN = {
    "air-gapped.md": 0,
    "locked-down-service.md": 1,
    "log-in.md": 3,
    "many-users.md": 2,
    "run-a-service.md": 7,
    "scripts-and-ci.md": 0,
    "use-the-index.md": 0,
}
"""How many blocks of a page nobody types here: none is added unseen."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, packages: list[str | Path]) -> Path:
    tools = ("pip", "twine", "build")
    return make_virtualenv(tmp_path_factory.mktemp("python") / "venv", *packages, *tools)


@pytest.mark.parametrize("name", NOT_RUN)
def test_each_block_does_what_the_page_says(name: str, reader: Reader) -> None:
    reader.follow(page(name), before=BEFORE)
    assert len(reader.not_run) == NOT_RUN[name]
