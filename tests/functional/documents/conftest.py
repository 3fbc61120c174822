"""Two services, and the packages of a reader, for all pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.pages.page_howtos import reading
from support.services.park_client import REPOSITORY, ModelTree
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.pages.page_reader import Reader


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ParkService, ParkService]]:
    """Run two services that may talk to each other."""
    options = ("--slots", "4", "--pool", "license:fitter=2", "--allow-address", "127.0.0.1")
    with (
        ParkService(tmp_path_factory.mktemp("compufans"), *options) as compufans,
        ParkService(tmp_path_factory.mktemp("sns"), *options) as sns,
    ):
        yield compufans, sns


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    """Give what the reader has in his virtualenv: a service's park, and his own trees."""
    folder = tmp_path_factory.mktemp("models")
    trees = [ModelTree(name, folder).root for name in ("light-model", "reader-model")]
    return [REPOSITORY.with_name(f"{REPOSITORY.name}[server]"), *trees]


@pytest.fixture
def reader(
    tmp_path: Path, python: Path, client_cache: Path, services: tuple[ParkService, ParkService]
) -> Iterator[Reader]:
    """Give a reader of how-tos, who types into the virtualenv of ``python`` of each file."""
    with reading(tmp_path / "home", python, client_cache, services) as ready:
        yield ready
