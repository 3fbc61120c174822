"""uv and pip as resolvers, against the real index on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.environment_lab import own_interpreter
from support.material.wheels import make_wheel
from support.neighbours.index_server import application, opened_index, publish, serving
from support.services.park_client import Client
from support.services.park_service import ParkService

from park.digests import file_sha256
from park.errors import ResolutionFailed
from park.model.pins import Pin, RequirementSet, parse_pin
from park_server.envs.pylock import dump, normalise, select
from park_server.envs.resolve import PipResolver, ResolutionRequest, UvResolver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from support.services.park_client import ModelTree

    from park_server.envs.resolve import Resolver

INTERPRETER = own_interpreter()
TREE = parse_pin("mymodel", "1.0+t0123456789abcdef")


@pytest.fixture(params=[UvResolver, PipResolver], ids=["uv", "pip"])
def resolver(request: pytest.FixtureRequest) -> Resolver:
    made: Resolver = request.param()
    return made


@pytest.fixture
def published(tmp_path: Path) -> list[Path]:
    return [
        make_wheel(tmp_path, "library", "1.0", requires=["helper>=2"]),
        make_wheel(tmp_path, "library", "2.0"),
        make_wheel(tmp_path, "helper", "2.0"),
        make_wheel(tmp_path, "helper", "2.1"),
    ]


@pytest.fixture
def url(tmp_path: Path, published: list[Path]) -> Iterator[str]:
    with opened_index(tmp_path / "index") as index, serving(application(index)) as url:
        for wheel in published:
            publish(url, wheel)
        yield url


def _request(
    url: str, tmp_path: Path, *pins: Pin, trees: Mapping[Pin, Path] | None = None
) -> ResolutionRequest:
    host = url.removeprefix("http://")
    return ResolutionRequest(
        pins=RequirementSet.of(INTERPRETER.target.python, pins),
        interpreter=INTERPRETER,
        index_url=f"http://__token__:ada-token@{host}/simple/",
        cache=tmp_path / "cache",
        trees=trees or {},
    )


def test_pins_hold_and_what_they_miss_is_added(
    resolver: Resolver, url: str, tmp_path: Path, published: list[Path]
) -> None:
    request = _request(url, tmp_path, parse_pin("library", "1.0"))

    lock = normalise(resolver.resolve(request), INTERPRETER, service_url=url)

    wheels = select(lock, INTERPRETER).wheels
    assert [(w.name, w.version) for w in wheels] == [("helper", "2.1"), ("library", "1.0")]
    assert [w.sha256 for w in wheels] == [file_sha256(published[3]), file_sha256(published[0])]
    assert b"127.0.0.1" not in dump(lock)
    assert b"ada-token" not in dump(lock)


def test_a_tree_is_taken_from_its_file(resolver: Resolver, url: str, tmp_path: Path) -> None:
    tree = make_wheel(tmp_path / "tree", TREE.name, TREE.version, requires=["library==1.0"])
    request = _request(url, tmp_path, TREE, parse_pin("helper", "2.0"), trees={TREE: tree})

    lock = normalise(resolver.resolve(request), INTERPRETER, service_url=url)

    found = {w.name: w for w in select(lock, INTERPRETER).wheels}
    assert {w.name: w.version for w in found.values()} == {
        "mymodel": TREE.version,
        "library": "1.0",
        "helper": "2.0",
    }
    assert found[TREE.name].sha256 == file_sha256(tree)
    assert str(tmp_path).encode() not in dump(lock)


def test_contradicting_pins_are_explained_without_secrets(
    resolver: Resolver, url: str, tmp_path: Path
) -> None:
    tree = make_wheel(tmp_path / "tree", TREE.name, TREE.version, requires=["library==1.0"])
    request = _request(url, tmp_path, TREE, parse_pin("library", "2.0"), trees={TREE: tree})

    with pytest.raises(ResolutionFailed, match=r"library==1\.0") as caught:
        resolver.resolve(request)

    assert "ada-token" not in caught.value.message
    assert str(tmp_path) not in caught.value.message
    assert caught.value.hint


def test_an_unknown_version_is_named(resolver: Resolver, url: str, tmp_path: Path) -> None:
    with pytest.raises(ResolutionFailed, match=r"not have helper 9; .* could take: 2.1, 2.0"):
        resolver.resolve(_request(url, tmp_path, parse_pin("helper", "9")))


@pytest.mark.slow
def test_an_operator_may_choose_pip(
    light_python: Path, model: ModelTree, client_cache: Path, tmp_path: Path
) -> None:
    assert model.root.exists()
    with ParkService(tmp_path / "service", "--resolver", "pip") as service:
        client = Client.of(light_python, tmp_path / "client", cache=client_cache, service=service)
        assert client.json("install", "light_model")["realised"] is True
        of_uv = service.home / "cache" / "resolver" / "uv"
        assert not of_uv.exists() or not any(of_uv.iterdir())  # it is the service that makes it
