"""The road from a model here to a job there: one service and one client for most tests."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

import pytest
from support.faults.pipes import Pipe
from support.pages.page_browser import PageBrowser, opened_browser
from support.services.park_client import Client, ModelTree, Scientist, make_virtualenv
from support.services.park_service import (
    ParkService,
    forget_ended_services,
    logs_of_services,
)
from support.services.refl1d_ready import give_wheels

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

ANSWERS = itertools.count(1000)
"""Each test's model has a constant of its own, so that no test finds another's wheel."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a test that failed what its services wrote."""
    report = yield
    if report.failed:
        report.sections += [(f"the service {home}", log) for home, log in logs_of_services()]
    if call.when == "teardown":
        forget_ended_services()
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[PageBrowser]:
    """Open a browser; it ends with its file, since others of this worker run event loops."""
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service with the machine's own index behind it."""
    with ParkService(tmp_path_factory.mktemp("service"), "--slots", "4") as running:
        yield running


@pytest.fixture(scope="session")
def service_with_refl1d(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service that has unpacked and compiled the wheels of refl1d, for tests of fits."""
    beginning = ParkService(tmp_path_factory.mktemp("service-with-refl1d"), "--slots", "4")
    give_wheels(beginning.home)
    with beginning as running:
        yield running


@pytest.fixture(scope="session")
def client_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one client cache to all tests, so that each build environment is made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def scientist(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, service: ParkService
) -> Scientist:
    """Give a scientist to a whole module of tests, with a virtualenv of her own."""
    folder, answer = tmp_path_factory.mktemp("scientist"), next(ANSWERS)
    model = ModelTree("light-model", folder)
    model.edit("light_model.py", "ANSWER = 42", f"ANSWER = {answer}")
    python = make_virtualenv(folder / "venv", model.root)
    client = Client.of(python, folder / "client", cache=client_cache, service=service)
    client.run("install", "light_model")
    return Scientist(client=client, model=model, answer=answer)


@pytest.fixture(scope="session")
def light_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the virtualenv of a scientist with a light model; return its interpreter."""
    folder = tmp_path_factory.mktemp("client") / "venv"
    return make_virtualenv(folder, "sortedcontainers", "packaging")


@pytest.fixture
def answer() -> int:
    """Return the constant of this test's model."""
    return next(ANSWERS)


@pytest.fixture
def model(light_python: Path, tmp_path: Path, answer: int) -> ModelTree:
    """Give a light model that no other test has, installed in editable mode."""
    tree = ModelTree("light-model", tmp_path / "models")
    tree.edit("light_model.py", "ANSWER = 42", f"ANSWER = {answer}")
    tree.install(light_python)
    return tree


@pytest.fixture
def client(light_python: Path, tmp_path: Path, client_cache: Path, service: ParkService) -> Client:
    """Return the command line of a scientist whose machine runs the service."""
    return Client.of(light_python, tmp_path / "client", cache=client_cache, service=service)


@pytest.fixture
def installed(client: Client, model: ModelTree) -> Client:
    """Return a client whose model is installed on the service."""
    assert model.root.exists()
    client.run("install", "light_model")
    return client


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Pipe]:
    """Give the pipe through which a job says that it is there."""
    with Pipe(tmp_path / "up") as pipe:
        yield pipe


@pytest.fixture
def go(tmp_path: Path) -> Iterator[Pipe]:
    """Give the pipe through which a held job is let go."""
    with Pipe(tmp_path / "go") as pipe:
        yield pipe


@pytest.fixture(scope="session")
def python_minor() -> str:
    """Return the minor of the interpreter of service and clients."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
