"""Two services and the trees of a reader, for the pages of a file of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.services.park_client import ModelTree
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ParkService, ParkService]]:
    """Run two services that may talk to each other."""
    options = ("--slots", "4", "--pool", "license:fitter=2", "--allow-address", "127.0.0.1")
    with (
        ParkService(tmp_path_factory.mktemp("compufans"), *options) as compufans,
        ParkService(tmp_path_factory.mktemp("sns"), *options) as sns,
    ):
        yield compufans, sns


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the trees of the reader's packages, which his virtualenv has in editable mode."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("reader-model", "light-model"):
        ModelTree(name, folder)
    return folder
