"""What how-tos tell to type is typed: each block, from the first to the last of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.services.page_howtos import BEFORE, page
from support.services.park_client import make_virtualenv

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.page_reader import Reader

NOT_RUN = {
    "README.md": 4,
    "come-from-elsewhere.md": 6,
    "complete-on-tab.md": 1,
    "data-and-files.md": 1,
    "debug-a-job.md": 1,
    "export-and-reproduce.md": 0,
    "follow-and-cancel.md": 0,
    "races.md": 0,
    "scripts-and-notebooks.md": 1,
    "see-and-plan.md": 0,
    "sweeps.md": 0,
    "take-along.md": 6,
}
"""How many blocks of a page nobody types here: none is added unseen."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, packages: list[str | Path]) -> Path:
    tools = ("joblib", "numpy")
    return make_virtualenv(tmp_path_factory.mktemp("python") / "venv", *packages, *tools)


@pytest.mark.parametrize("name", NOT_RUN)
def test_each_block_does_what_the_page_says(name: str, reader: Reader) -> None:
    reader.follow(page(name), before=f"import numpy as np\n{BEFORE}")
    assert len(reader.not_run) == NOT_RUN[name]
