"""What how-tos tell to type is typed: each block, from the first to the last of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.typed_pages import whys
from support.pages.page_howtos import BEFORE, page
from support.services.park_client import make_virtualenv
from support.session.slow_cases import slow_after

if TYPE_CHECKING:
    from pathlib import Path

    from support.pages.page_reader import Reader

PAGES = (
    "README.md",
    "come-from-elsewhere.md",
    "complete-on-tab.md",
    "data-and-files.md",
    "debug-a-job.md",
    "export-and-reproduce.md",
    "follow-and-cancel.md",
    "races.md",
    "scripts-and-notebooks.md",
    "see-and-plan.md",
    "sweeps.md",
    "take-along.md",
)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, packages: list[str | Path]) -> Path:
    tools = ("joblib", "numpy")
    return make_virtualenv(tmp_path_factory.mktemp("python") / "venv", *packages, *tools)


@pytest.mark.parametrize("name", slow_after(1, PAGES))
def test_each_block_does_what_the_page_says(name: str, reader: Reader) -> None:
    reader.follow(page(name), before=f"import numpy as np\n{BEFORE}")
    assert [each.why for each in reader.not_run] == whys(name)
