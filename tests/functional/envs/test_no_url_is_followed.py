"""URLs in what users send: none is asked for, read or run, whoever sends it and how."""

from __future__ import annotations

import http.server
import io
import tarfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from support.labs.environment_lab import own_interpreter
from support.material.wheels import make_wheel
from support.neighbours.index_server import application, opened_index, publish, serving

from park.digests import file_sha256
from park.errors import BuildFailed, ParkError, ResolutionFailed
from park.model.pins import Pin, RequirementSet, parse_pin
from park_repo.upstream.upstream import Upstream
from park_server.envs.resolve import PipResolver, ResolutionRequest, UvResolver
from park_server.installs.checked_request import TreeSource
from park_server.installs.sdist_build import BuildPolicy, SourceBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

    from park_server.envs.resolve import Resolver

pytestmark = pytest.mark.slow

TREE = parse_pin("mymodel", "1.0+t0123456789abcdef")
INTERPRETER = own_interpreter()


class Bait(http.server.ThreadingHTTPServer):
    """A server on loopback that must not be asked; ``asked`` has the paths that were."""

    def __init__(self, wheel: bytes) -> None:
        self.asked: list[str] = []
        self.wheel = wheel
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Bait

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.wheel)))
        self.end_headers()
        self.wfile.write(self.server.wheel)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def bait(tmp_path: Path) -> Iterator[Bait]:
    (tmp_path / "bait").mkdir()
    wheel = make_wheel(tmp_path / "bait", "evil", "1.0")
    with Bait(wheel.read_bytes()) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def references(bait: Bait, tmp_path: Path) -> list[str]:
    """Give requirements by URL, of every kind."""
    (file,) = (tmp_path / "bait").glob("*.whl")
    return [
        f"evil @ {bait.url}/evil-1.0-py3-none-any.whl",
        f"evil @ {bait.url}/evil-1.0-py3-none-any.whl ; python_version > '3'",
        f"evil @ git+{bait.url}/evil.git",
        f"evil @ {file.as_uri()}",
    ]


@pytest.fixture(params=[UvResolver, PipResolver], ids=["uv", "pip"])
def resolver(request: pytest.FixtureRequest) -> Resolver:
    made: Resolver = request.param()
    return made


def asked_of(url: str, folder: Path, *pins: Pin, trees: dict[Pin, Path]) -> ResolutionRequest:
    return ResolutionRequest(
        pins=RequirementSet.of(INTERPRETER.target.python, pins),
        interpreter=INTERPRETER,
        index_url=f"{url}/simple/",
        cache=folder / "cache",
        trees=trees,
    )


def test_a_tree_that_was_stored_with_a_url_is_not_resolved(
    resolver: Resolver, bait: Bait, references: list[str], tmp_path: Path
) -> None:
    for number, reference in enumerate(references):
        folder = tmp_path / str(number)
        folder.mkdir()
        wheel = make_wheel(folder, TREE.name, TREE.version, requires=[reference])
        request = asked_of(bait.url, folder, TREE, trees={TREE: wheel})
        with pytest.raises(ResolutionFailed, match="follows no URL"):
            resolver.resolve(request)
    assert bait.asked == []


def test_a_released_wheel_of_another_index_is_not_followed(
    resolver: Resolver, bait: Bait, references: list[str], tmp_path: Path
) -> None:
    """The other index takes such wheels; ours stands between it and the resolver."""
    for number, reference in enumerate(references):
        folder = tmp_path / str(number)
        folder.mkdir()
        wheel = make_wheel(folder, "released", "1.0", requires=[reference])
        with (
            serving(_other_index(wheel)) as other,
            _index_before(other, folder) as url,
            pytest.raises(ParkError),
        ):
            resolver.resolve(asked_of(url, folder, parse_pin("released", "1.0"), trees={}))
    assert bait.asked == []


def test_an_extra_of_a_released_wheel_is_not_followed(
    resolver: Resolver, bait: Bait, tmp_path: Path
) -> None:
    bad = f"evil @ {bait.url}/evil-1.0-py3-none-any.whl ; extra == 'x'"
    released = make_wheel(tmp_path, "released", "1.0", requires=[bad])
    tree = make_wheel(tmp_path, TREE.name, TREE.version, requires=["released[x]"])
    with (
        serving(_other_index(released)) as other,
        _index_before(other, tmp_path) as url,
        pytest.raises(ParkError),
    ):
        resolver.resolve(asked_of(url, tmp_path, TREE, trees={TREE: tree}))
    assert bait.asked == []


@pytest.mark.parametrize("name", ["mymodel-1.0+t0123456789abcdef", "released-1.0"])
def test_no_client_uploads_one(
    bait: Bait, references: list[str], tmp_path: Path, name: str
) -> None:
    project, _, version = name.partition("-")
    with opened_index(tmp_path / "index") as index, serving(application(index)) as url:
        for reference in references:
            wheel = make_wheel(tmp_path, project, version, requires=["six", reference])
            with pytest.raises(httpx2.HTTPStatusError, match="400") as caught:
                publish(url, wheel)
            assert "direct reference" in caught.value.response.json()["detail"]
            wheel.unlink()
    assert bait.asked == []


@pytest.mark.parametrize("backend_asks", [False, True], ids=["declared", "asked by the backend"])
def test_build_requirements_of_a_source(
    bait: Bait, references: list[str], tmp_path: Path, *, backend_asks: bool
) -> None:
    """Options, paths and URLs: none reaches uv, and no code runs but the hooks, confined."""
    tree = tmp_path / "tree"
    tree.mkdir()
    mark = tmp_path / "code of the tree ran"
    (tree / "setup.py").write_text(f"open({str(mark)!r}, 'w')")
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text("s3cret-token\n")
    options = [f"-e{tree}", f"-r{home / 'token'}", f"--target={home}", str(tree), tree.as_uri()]
    builder = SourceBuilder(
        policy=BuildPolicy(allowed=True),
        home=home,
        folder=home / "builds",
        index_url=f"{bait.url}/simple/",
        cache=home / "cache",
    )
    for text in [*options, *references]:
        archive = _source(tmp_path, text, backend_asks=backend_asks)
        source = TreeSource(pin=TREE, filename=archive.name, sha256="0" * 64)
        with (
            pytest.raises(BuildFailed, match=r"no requirement|follows no URL") as caught,
            builder.built(source, archive, INTERPRETER),
        ):
            pass
        assert "s3cret-token" not in str(caught.value)
    assert (bait.asked, mark.exists()) == ([], False)


def _source(folder: Path, requirement: str, *, backend_asks: bool) -> Path:
    """Write the source of a tree that needs ``requirement`` to be built."""
    declared = [] if backend_asks else [requirement]
    files = {
        "mymodel-1.0/pyproject.toml": "[build-system]\n"
        f"requires = {declared!r}\nbuild-backend = 'backend'\nbackend-path = ['.']\n",
        "mymodel-1.0/backend.py": "def get_requires_for_build_wheel(config=None):\n"
        f"    return [{requirement!r}]\n",
    }
    path = folder / "mymodel.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def _other_index(wheel: Path) -> Starlette:
    """Return an index that has ``wheel``, whatever its metadata say."""
    name = wheel.name.partition("-")[0]
    file = {"filename": wheel.name, "url": "/file", "hashes": {"sha256": file_sha256(wheel)}}
    document = {"meta": {"api-version": "1.0"}, "name": name, "files": [file]}

    def page(request: Request) -> Response:
        if request.path_params["name"] != name:
            return Response(status_code=404)
        return JSONResponse(document, media_type="application/vnd.pypi.simple.v1+json")

    def content(_: Request) -> Response:
        return FileResponse(wheel)

    return Starlette(routes=[Route("/simple/{name}/", page), Route("/file", content)])


@contextmanager
def _index_before(other: str, folder: Path) -> Iterator[str]:
    """Serve an index of ours that has the one at ``other`` behind it."""
    with (
        opened_index(folder / "index", upstream=Upstream(f"{other}/simple/")) as index,
        serving(application(index, is_open=True)) as url,
    ):
        yield url
