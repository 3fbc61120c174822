"""An index behind the service's own that does not answer is told as that, never as "no lock"."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import Response
from support.labs.environment_lab import own_interpreter
from support.material.wheels import make_wheel
from support.neighbours.index_server import application, opened_index, publish, serving
from support.services.park_service import ParkService

from park.errors import UpstreamFault
from park.model.ids import new_id
from park.model.pins import RequirementSet, parse_pin
from park_repo.upstream.upstream import Upstream
from park_server.envs.resolve import PipResolver, ResolutionRequest, UvResolver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from park_server.envs.resolve import Resolver

INTERPRETER = own_interpreter()


@pytest.fixture
def refusing() -> Iterator[str]:
    """Give the URL of an index whose port is taken, but refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/simple/"


@pytest.fixture
def url(tmp_path: Path, refusing: str) -> Iterator[str]:
    """Serve an index with one release, whose requirement only the upstream could have."""
    wheel = make_wheel(tmp_path, "library", "1.0", requires=["helper>=2"])
    with opened_index(tmp_path / "index") as index, serving(application(index)) as url:
        publish(url, wheel)
    # a name is taken only while the upstream answers whether it has it
    behind = Upstream(refusing)
    with (
        opened_index(tmp_path / "index", upstream=behind) as index,
        serving(application(index)) as url,
    ):
        yield url


@pytest.mark.parametrize("pins", [("library", "elsewhere"), ("library",)], ids=["pin", "deeper"])
@pytest.mark.parametrize("resolver", [UvResolver(), PipResolver()], ids=["uv", "pip"])
def test_an_upstream_that_refuses_is_the_fault(
    resolver: Resolver, pins: tuple[str, ...], url: str, refusing: str, tmp_path: Path
) -> None:
    request = ResolutionRequest(
        pins=RequirementSet.of(INTERPRETER.target.python, [parse_pin(p, "1.0") for p in pins]),
        interpreter=INTERPRETER,
        index_url=f"http://__token__:ada-token@{url.removeprefix('http://')}/simple/",
        cache=tmp_path / "cache",
    )

    with pytest.raises(UpstreamFault) as caught:
        resolver.resolve(request)

    assert f"upstream {refusing}" in caught.value.message
    assert "did not answer" in caught.value.message
    assert "try again" in str(caught.value.hint)
    assert "ada-token" not in caught.value.message


class Moody:
    """An index that answers 503 until it is well."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.is_well = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self.is_well:
            await Response(status_code=503)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def test_an_install_says_that_the_upstream_failed_and_goes_on_when_it_is_well(
    tmp_path: Path,
) -> None:
    wheel = make_wheel(tmp_path, "library", "1.0")
    pins = [{"name": "library", "version": "1.0"}]
    python = INTERPRETER.target.python
    request = {"project": "library", "version": "1.0", "python": python, "pins": pins}
    with opened_index(tmp_path / "index") as index:
        moody = Moody(application(index, is_open=True))
        with (
            serving(moody) as url,
            ParkService(tmp_path / "service", "--upstream", f"{url}/simple/") as service,
        ):
            failed = ended_install(service, request)
            assert (failed["state"], failed["error"]["title"]) == ("failed", "UpstreamFault")
            assert f"upstream {url}/simple/library/ answered 503" in failed["error"]["detail"]
            moody.is_well = True
            publish(url, wheel)
            assert ended_install(service, request)["state"] == "ready"


def ended_install(service: ParkService, request: dict[str, Any]) -> dict[str, Any]:
    body = request | {"id": new_id()}
    record = service.request("POST", "/api/v1/installs", json=body).json()
    while record["state"] not in {"ready", "failed"}:
        path = f"/api/v1/installs/{record['id']}"
        record = service.get(path, after=record["revision"], wait=30)
    return dict(record)
