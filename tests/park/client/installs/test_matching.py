"""`park.client.installs.matching`: where the service lacks what is installed here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from support.material.environments import LOCK, environment_of
from support.material.projects import copy_package
from support.neighbours.index_server import serving

from park.build.cache import Cache
from park.build.local_set import LocalSet, local_set
from park.client.access.address import Address
from park.client.access.transport import Transport
from park.client.choosing.choice import VersionPolicy, Wanted
from park.client.installs.matching import binding_here
from park.client.report import Report, Silence
from park.client.submission.binding import Binding, InstallPolicy
from park.errors import EnvironmentMismatch, NotPermitted
from park.model.entry_point import EntryPoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request


WHO = "GET /api/v1/whoami"


@dataclass
class ReadOnly:
    """A service that shows its versions and permits nothing else; keeps what it was asked.

    With ``roles`` it says who asks, and that these are his.
    """

    versions: list[dict[str, Any]]
    roles: list[str] | None = None
    asked: list[str] = field(default_factory=list)

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/v1/versions", self._list),
                Route("/api/v1/whoami", self._say_who),
                Route("/{path:path}", self._refuse, methods=["GET", "POST", "PUT"]),
            ]
        )

    async def _list(self, request: Request) -> JSONResponse:
        self.asked.append(f"{request.method} {request.url.path}")
        return JSONResponse(self.versions)

    async def _say_who(self, request: Request) -> JSONResponse:
        if self.roles is None:
            return await self._refuse(request)
        self.asked.append(f"{request.method} {request.url.path}")
        who = {"user": "ada", "roles": self.roles, "groups": [], "kind": "user"}
        return JSONResponse(who | {"audience": "service", "id": None, "expires_at": None})

    async def _refuse(self, request: Request) -> JSONResponse:
        self.asked.append(f"{request.method} {request.url.path}")
        problem = NotPermitted("ada may not install here", hint="ask bob").as_problem()
        return JSONResponse(problem, status_code=403, media_type="application/problem+json")


class Told(Silence):
    """Keeps the steps that it is told, and the notes."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def step(self, text: str) -> None:
        self.steps.append(text)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> LocalSet:
    """Return the set of a working tree that no service has."""
    folder = tmp_path_factory.mktemp("here")
    return local_set(str(copy_package("offline", folder)), cache=Cache(root=folder / "cache"))


@pytest.fixture
def service(here: LocalSet) -> ReadOnly:
    """Return a service that has bob's version of the project, and another packaging."""
    return ReadOnly([environment_of(here, **{here.project.name: "0.0.1", "packaging": "1.0"})])


@pytest.fixture
def transport(service: ReadOnly) -> Iterator[Transport]:
    with serving(service.application()) as url:
        transport = Transport(Address(url=url, token="ada-token"))
        yield transport
        transport.close()


def bound(
    transport: Transport,
    here: LocalSet,
    install: InstallPolicy,
    report: Report,
    policy: VersionPolicy = "exact",
) -> Binding:
    wanted = Wanted(policy=policy, ask=lambda there: there[0])
    point = EntryPoint.parse(f"{here.module}:fit")
    return binding_here(transport, here, install, report, entry_point=point, wanted=wanted)


def test_who_may_not_install_is_told_how_the_nearest_differs(
    transport: Transport, service: ReadOnly, here: LocalSet
) -> None:
    report = Told()

    with pytest.raises(EnvironmentMismatch) as caught:
        bound(transport, here, "auto", report)

    error = caught.value
    name = here.project.name
    assert f"has no environment that matches {name} {here.version}" in error.message
    assert "it does not make one for you: ada may not install here" in error.message
    assert "it differs from the nearest there, 0.0.1" in error.message
    assert f"  {name} 0.0.1 on Python {here.requirements.python}  lock {LOCK[:12]}" in error.message
    told = {each["name"]: (each["local"], each["service"]) for each in error.details["differences"]}
    assert told[name] == (here.version, "0.0.1")
    assert told["packaging"][1] == "1.0"
    assert len(told) == 2
    assert str(error.hint).startswith("ask bob; or run in the nearest: --lock")
    assert str(error.hint).endswith(f"park install {here.module} --use {LOCK[:12]}")
    (version,) = error.details["versions"]
    assert (version["version"], version["lock_hash"], version["farther"]) == ("0.0.1", LOCK, None)
    assert isinstance(error.__cause__, NotPermitted)
    # it was tried, once, and nothing was sent
    asked = [each for each in service.asked if each != WHO]
    assert asked == [*["GET /api/v1/versions"] * 2, "GET /api/v1", "POST /api/v1/installs"]
    assert report.steps[0].startswith(f"installing {name} {here.version}")


def test_who_has_no_environments_made_hears_so_before_anything_is_built(
    transport: Transport, service: ReadOnly, tmp_path: Path
) -> None:
    tree = local_set(str(copy_package("offline", tmp_path)), cache=Cache(root=tmp_path / "cache"))
    service.roles = ["query", "submit"]
    report = Told()
    with pytest.raises(EnvironmentMismatch, match="that needs the role realise") as caught:
        bound(transport, tree, "auto", report)
    assert str(caught.value.hint).startswith("roles here: query, submit; those who administrate")
    assert not [each for each in report.steps if each.startswith("buil")]
    assert service.asked[-1] == WHO
    assert not [each for each in service.asked if each.startswith("POST")]


def test_never_does_not_even_ask(transport: Transport, service: ReadOnly, here: LocalSet) -> None:
    with pytest.raises(EnvironmentMismatch, match=r"the nearest there, 0\.0\.1"):
        bound(transport, here, "never", Silence())
    assert service.asked == ["GET /api/v1/versions"] * 2


def test_where_there_is_no_version_at_all_that_is_told(
    transport: Transport, service: ReadOnly, here: LocalSet
) -> None:
    service.versions.clear()
    with pytest.raises(EnvironmentMismatch, match="has no environment of it yet"):
        bound(transport, here, "auto", Silence())


def test_what_is_the_same_needs_no_permission(
    transport: Transport, service: ReadOnly, here: LocalSet
) -> None:
    service.versions.append(environment_of(here))
    found = bound(transport, here, "auto", Silence())
    assert (found.lock_hash, found.install, found.set_hash) == (LOCK, None, "cd" * 32)
    assert service.asked == ["GET /api/v1/versions"]


@pytest.mark.parametrize("install", ["auto", "never"])
@pytest.mark.parametrize("policy", ["nearest", "ask"])
def test_another_version_is_taken_where_that_is_wanted_and_it_is_said(
    transport: Transport, here: LocalSet, install: InstallPolicy, policy: VersionPolicy
) -> None:
    report = Told()
    found = bound(transport, here, install, report, policy)
    asked_for = f"{here.project.name} {here.version} on Python {here.requirements.python}"
    assert (found.lock_hash, found.set_hash, found.is_named) == (LOCK, None, True)
    assert found.asked_for == asked_for
    here_it_is = f"{here.project.name} 0.0.1 on Python {here.requirements.python}"
    assert report.notes[-1] == (
        f"{asked_for} here runs as {here_it_is} there (lock {LOCK[:12]}, {policy})"
    )


def test_compatible_is_what_the_job_does_not_tell_from_here(
    transport: Transport, service: ReadOnly, here: LocalSet
) -> None:
    """Another packaging, which no run of the job imported, and the same project."""
    with pytest.raises(EnvironmentMismatch):
        bound(transport, here, "never", Silence(), "compatible")
    other = environment_of(here, packaging="1.0") | {"lock_hash": "ef" * 32}
    service.versions.append(other | {"used": [here.project.name]})
    assert bound(transport, here, "never", Silence(), "compatible").lock_hash == "ef" * 32
    service.versions[-1]["used"].append("packaging")
    with pytest.raises(EnvironmentMismatch):
        bound(transport, here, "never", Silence(), "compatible")
