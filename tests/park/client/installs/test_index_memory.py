"""What the index of a service has of what is installed here."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from support.material.projects import install_distribution
from support.neighbours.index_server import serving
from support.session.limits import LIMIT_S

from park.build.cache import user_cache
from park.build.local_set import LocalSet, project_set
from park.client.access.address import Address
from park.client.access.transport import Transport
from park.client.installs.index_memory import completed, fits, known_lacking
from park.client.report import Silence
from park.errors import UnknownItem, UpstreamFault
from park.local.python_minor import python_minor
from park.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request


class Told(Silence):
    """Keeps the steps and the amounts that it is told."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.amounts: list[tuple[str, int, int, str]] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def progress(self, stage: str, done: int, total: int, unit: str) -> None:
        self.amounts.append((stage, done, total, unit))


NAME = canonicalize_name("park-t-source")


@pytest.mark.parametrize(
    ("tags", "runs"),
    [
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        ("cp312-cp312-linux_x86_64", True),
        ("cp311-cp311-linux_x86_64", False),
        ("cp39-abi3-linux_x86_64", True),
        ("cp313-abi3-linux_x86_64", False),
        ("py313-none-any", False),
        ("cp312-cp312-win_amd64", False),
        ("pp310-pypy310_pp73-linux_x86_64", False),
        ("py2-none-any", False),
    ],
)
def test_which_wheels_run_there(tags: str, runs: bool) -> None:  # noqa: FBT001
    assert fits(parse_tag(tags), "3.12", ["linux_x86_64"]) is runs


@dataclass
class Pages:
    """A service that has pages of some projects; keeps what it was asked."""

    files: list[str] | None = None
    fault: bool = False
    asked: list[str] = field(default_factory=list)

    def application(self) -> Starlette:
        return Starlette(
            routes=[Route("/api/v1", self._about), Route("/simple/{project}/", self._page)]
        )

    async def _about(self, _: Request) -> JSONResponse:
        names = ("version", "user", "index_url", "trees_url", "upload_url")
        about: dict[str, Any] = dict.fromkeys(names, "")
        platforms = {python_minor(): ["linux_x86_64"]}
        return JSONResponse(about | {"pythons": [], "upstream": None, "platforms": platforms})

    async def _page(self, request: Request) -> JSONResponse:
        self.asked.append(request.path_params["project"])
        if self.fault or self.files is None:
            error = UpstreamFault("it is away") if self.fault else UnknownItem("no such project")
            problem, media_type = error.as_problem(), "application/problem+json"
            return JSONResponse(problem, status_code=problem["status"], media_type=media_type)
        return JSONResponse({"files": [{"filename": name} for name in self.files]})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalSet:
    """Return the set of a pure release that pip has built from source."""
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {"park_t_source.py": "", "park_t_source-1.0.dist-info/WHEEL": wheel}
    install_distribution(tmp_path / "site", NAME, "1.0", files=files)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return project_set(NAME, cache=user_cache())


def asked(pages: Pages, here: LocalSet, times: int = 1) -> tuple[LocalSet, Told, set[str]]:
    report = Told()
    with serving(pages.application()) as url:
        transport = Transport(Address(url=url, token="t"))
        for _ in range(times):
            found = completed(transport, here, report)
        lacking = set(map(str, known_lacking(url)))
        transport.close()
    return found, report, lacking


def test_an_index_that_takes_its_time_is_said_to_be_asked(
    here: LocalSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = threading.Event()

    def late(work: Callable[[Any], Any], items: Any, *, told: Any, **options: Any) -> list[Any]:
        def answered(item: Any) -> Any:
            said.wait(LIMIT_S)
            return work(item)

        def heard(done: int, total: int) -> None:
            told(done, total)
            said.set()

        return side_by_side(answered, items, told=heard, told_after_s=0, **options)

    monkeypatch.setattr("park.side_by_side.side_by_side", late)
    _, report, _ = asked(Pages([]), here)
    assert report.amounts[-1] == ("index", 1, 1, "projects")


@pytest.mark.parametrize("files", [None, [], ["park-t-source-1.0.tar.gz"],
                                   ["park_t_source-0.9-py3-none-any.whl"],
                                   ["park_t_source-1.0-py3-none-win_amd64.whl"]])  # fmt: skip
def test_what_the_index_lacks_is_sent_as_it_is_here(
    here: LocalSet, files: list[str] | None
) -> None:
    pages = Pages(files)
    found, report, lacking = asked(pages, here, times=2)
    (source,) = found.sources
    assert source.version.startswith("1.0+t")
    assert found.version == source.version
    assert "is sent from here" in report.steps[0]
    assert lacking == {"park-t-source==1.0"}
    assert pages.asked == ["park-t-source"]  # once


def test_what_it_has_is_taken_from_it_and_asked_for_once(here: LocalSet) -> None:
    pages = Pages(["park_t_source-1.0-py3-none-any.whl", "odd.whl", "park_t_source-1.0.zip"])
    found, report, lacking = asked(pages, here, times=2)
    assert (found, report.steps, lacking) == (here, [], set())
    assert pages.asked == ["park-t-source"]


def test_an_index_that_cannot_tell_is_asked_again(here: LocalSet) -> None:
    pages = Pages(fault=True)
    found, _, lacking = asked(pages, here, times=2)
    assert (found, lacking) == (here, set())
    assert len(pages.asked) == 2


def test_what_makes_no_wheel_is_left_to_the_index(here: LocalSet, tmp_path: Path) -> None:
    record = tmp_path / "site" / "park_t_source-1.0.dist-info" / "RECORD"
    record.unlink()
    found, _, lacking = asked(Pages(), here)
    assert (found, lacking) == (here, set())
