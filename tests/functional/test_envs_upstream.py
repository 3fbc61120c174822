"""An index behind the service's own that does not answer is told as that, never as "no lock"."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.environment_lab import own_interpreter
from support.index_server import application, opened_index, serving
from support.wheels import make_wheel

from park.errors import UpstreamFault
from park.model.pins import RequirementSet, parse_pin
from park_repo.upstream import Upstream
from park_server.envs.resolve import PipResolver, ResolutionRequest, UvResolver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
        upload(url, wheel)
    # a name is taken only while the upstream answers whether it has it
    behind = Upstream(refusing)
    with (
        opened_index(tmp_path / "index", upstream=behind) as index,
        serving(application(index)) as url,
    ):
        yield url


def upload(url: str, wheel: Path) -> None:
    httpx2.post(
        f"{url}/legacy/",
        auth=("__token__", "ada-token"),
        data={":action": "file_upload", "protocol_version": "1"},
        files={"content": (wheel.name, wheel.read_bytes())},
    ).raise_for_status()


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
