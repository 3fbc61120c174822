"""How-tos about fits are typed as well, where bumps is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.typed_pages import whys
from support.services.page_howtos import BEFORE, page
from support.services.park_client import make_virtualenv

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.page_reader import Reader

PAGES = (
    "fit-a-model.md",
    "fit-results.md",
    "workflows.md",
)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, packages: list[str | Path]) -> Path:
    tools = ("bumps>=1", "numba")
    return make_virtualenv(tmp_path_factory.mktemp("python") / "venv", *packages, *tools)


@pytest.mark.parametrize("name", PAGES)
def test_each_block_does_what_the_page_says(name: str, reader: Reader) -> None:
    reader.follow(page(name), before=f"import numpy as np\n{BEFORE}")
    assert [each.why for each in reader.not_run] == whys(name)
