"""How-tos about fits are typed as well, where bumps is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.services.page_howtos import BEFORE, page
from support.services.park_client import make_virtualenv

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.page_reader import Reader

NOT_RUN = {"fit-a-model.md": 1, "fit-results.md": 0, "workflows.md": 2}
"""How many blocks of a page nobody types here: none is added unseen."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, packages: list[str | Path]) -> Path:
    tools = ("bumps>=1", "numba")
    return make_virtualenv(tmp_path_factory.mktemp("python") / "venv", *packages, *tools)


@pytest.mark.parametrize("name", NOT_RUN)
def test_each_block_does_what_the_page_says(name: str, reader: Reader) -> None:
    reader.follow(page(name), before=f"import numpy as np\n{BEFORE}")
    assert len(reader.not_run) == NOT_RUN[name]
