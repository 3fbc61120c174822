"""How-tos about fits are typed as well, where bumps is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.typed_pages import whys
from support.pages.page_howtos import BEFORE, page
from support.services.refl1d_ready import virtualenv_with_refl1d
from support.session.slow_cases import slow_after

if TYPE_CHECKING:
    from pathlib import Path

    from support.pages.page_reader import Reader

pytestmark = pytest.mark.slow

PAGES = (
    "fit-a-model.md",
    "fit-results.md",
    "workflows.md",
)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, packages: list[str | Path]) -> Path:
    return virtualenv_with_refl1d(tmp_path_factory.mktemp("python") / "venv", *packages)


@pytest.mark.parametrize("name", slow_after(1, sorted(PAGES, reverse=True)))
def test_each_block_does_what_the_page_says(name: str, reader: Reader) -> None:
    reader.follow(page(name), before=f"import numpy as np\n{BEFORE}")
    assert [each.why for each in reader.not_run] == whys(name)
