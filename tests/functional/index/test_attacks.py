"""Attacks on who a name belongs to, with pip and with uv: none of them gets a stranger's code."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import httpx2
import pytest
from packaging.utils import canonicalize_name
from support.material.index_tools import LOGIN, pip_install, run, upload, uv_install, with_login
from support.material.wheels import make_wheel
from support.neighbours.index_server import application, opened_index, serving

from park_repo.index import Index
from park_repo.negotiation import JSON
from park_repo.upstream.upstream import Upstream
from park_repo.whole_files import WholeFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

pytestmark = pytest.mark.slow

BOB = "bob-token"
TREE = "1.0+tffffffffffffffff"


class Install(Protocol):
    """Installs from an index and returns the versions that it chose."""

    def __call__(
        self, url: str, page: str, *what: str, home: Path, token: str = LOGIN[1]
    ) -> dict[str, str]: ...


both = pytest.mark.parametrize("install", [pip_install, uv_install])


@dataclass(frozen=True)
class Place:
    """A service's index, the one upstream of it, and what upstream was asked."""

    url: str
    upstream: str
    index: Index
    asked: list[str]

    def claim(self, name: str) -> None:
        """Do what the operator does with ``park index claim``."""
        asyncio.run(self.index.curator.claim(canonicalize_name(name), "ada"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    asked: list[str] = []
    with opened_index(tmp_path / "upstream") as behind:
        app = application(behind, is_open=True)

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            asked.append(scope.get("path", ""))
            await app(scope, receive, send)

        with (
            serving(watched) as up,
            opened_index(tmp_path / "index", upstream=Upstream(f"{up}/simple/")) as index,
            serving(application(index)) as url,
        ):
            yield Place(url=url, upstream=up, index=index, asked=asked)


@both
def test_a_higher_version_of_a_private_name_upstream(
    place: Place, tmp_path: Path, install: Install
) -> None:
    """The name was ours first; then a stranger registers it upstream, with a higher version."""
    upload(place.url, make_wheel(tmp_path, "mymodel", "1.0", requires=["bumps"]))
    upload(place.upstream, make_wheel(tmp_path / "up", "mymodel", "99.0"))
    upload(place.upstream, make_wheel(tmp_path / "up", "bumps", "1.0.5"))
    place.asked.clear()
    installed = install(place.url, "/simple/", "mymodel", home=tmp_path)
    assert installed == {"mymodel": "1.0", "bumps": "1.0.5"}
    assert not [path for path in place.asked if "mymodel" in path]


@both
def test_a_release_of_an_upstream_name_by_whoever_may_upload(
    place: Place, tmp_path: Path, install: Install
) -> None:
    upload(place.upstream, make_wheel(tmp_path / "up", "numpy", "2.0"))
    squat = make_wheel(tmp_path, "numpy", "99.0")
    done = run(
        "twine", "upload", "--non-interactive", "--verbose", "--disable-progress-bar",
        "--repository-url", f"{place.url}/legacy/", "-u", LOGIN[0], "-p", BOB, squat,
        home=tmp_path,
    )  # fmt: skip
    assert done.returncode != 0
    assert "does not take released versions" in " ".join(done.stdout.split())
    assert install(place.url, "/simple/", "numpy", home=tmp_path) == {"numpy": "2.0"}


@both
def test_another_spelling_or_a_local_version_does_not_help(
    place: Place, tmp_path: Path, install: Install
) -> None:
    upload(place.upstream, make_wheel(tmp_path / "up", "my_lib", "1.0"))
    for name, version in [("My_Lib", "2.0"), ("my_lib", "1.0+g12"), ("my_lib", "1.0+t12")]:
        refused = upload(place.url, make_wheel(tmp_path, name, version), BOB)
        assert refused.status_code == 403, refused.text
    assert install(place.url, "/simple/", "my-lib", home=tmp_path) == {"my_lib": "1.0"}


@both
def test_another_users_tree_that_would_sort_highest(
    place: Place, tmp_path: Path, install: Install
) -> None:
    """By PEP 440, ``1.0+t…`` is above ``1.0``, and even ``==1.0`` matches it."""
    upload(place.url, make_wheel(tmp_path, "mymodel", "1.0"))
    tree = make_wheel(tmp_path / "bob", "mymodel", TREE)
    sha256 = upload(place.url, tree, BOB).json()["sha256"]
    for what in ("mymodel", "mymodel==1.0", "mymodel>=1.0"):
        assert install(place.url, "/simple/", what, home=tmp_path) == {"mymodel": "1.0"}
    for path in (f"/files/{sha256}/{tree.name}", "/trees/simple/mymodel/"):
        answer = httpx2.get(f"{place.url}{path}", auth=LOGIN, trust_env=False)
        assert answer.status_code == 404
    theirs = install(
        place.url, "/trees/simple/", f"mymodel=={TREE}", home=tmp_path / "bob", token=BOB
    )
    assert theirs == {"mymodel": TREE}


@both
def test_a_tree_of_an_upstream_name_is_for_its_user_alone(
    place: Place, tmp_path: Path, install: Install
) -> None:
    upload(place.upstream, make_wheel(tmp_path / "up", "bumps", "1.0"))
    assert upload(place.url, make_wheel(tmp_path, "bumps", TREE), BOB).status_code == 200
    assert install(place.url, "/simple/", "bumps", home=tmp_path) == {"bumps": "1.0"}
    (tmp_path / "bob").mkdir()
    bobs = install(place.url, "/simple/", "bumps", home=tmp_path / "bob", token=BOB)
    assert bobs == {"bumps": "1.0"}
    trees = install(place.url, "/trees/simple/", f"bumps=={TREE}", home=tmp_path / "bob", token=BOB)
    assert trees == {"bumps": TREE}


@both
def test_a_claimed_name_is_ours_alone(place: Place, tmp_path: Path, install: Install) -> None:
    upload(place.upstream, make_wheel(tmp_path / "up", "numpy", "2.0"))
    place.claim("numpy")
    assert upload(place.url, make_wheel(tmp_path, "numpy", "1.26")).status_code == 200
    place.asked.clear()
    assert install(place.url, "/simple/", "numpy", home=tmp_path) == {"numpy": "1.26"}
    assert not [path for path in place.asked if "numpy" in path]


@both
def test_a_client_without_egress_gets_what_upstream_has(
    place: Place, tmp_path: Path, install: Install
) -> None:
    """The client knows one host; upstream may go away once a file is here."""
    upload(place.upstream, make_wheel(tmp_path / "up", "six", "1.0"))
    files = httpx2.get(
        f"{place.url}/simple/six/", headers={"Accept": JSON}, auth=LOGIN, trust_env=False
    ).json()["files"]
    assert [file["url"].startswith("../../files/upstream/six/") for file in files] == [True]
    for attempt in ("first", "second"):
        home = tmp_path / attempt
        home.mkdir()
        assert install(place.url, "/simple/", "six", home=home) == {"six": "1.0"}
    downloads = [path for path in place.asked if path.endswith("six-1.0-py3-none-any.whl")]
    assert len(downloads) == 1


def test_a_changed_file_upstream_is_never_installed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upstream's page says one digest and its file has another: nobody gets any of it."""
    wheel = make_wheel(tmp_path / "up", "six", "1.0", files={"six.bin": os.urandom(1 << 20)})
    sha256 = upload(place.upstream, wheel).json()["sha256"]
    (stored,) = (tmp_path / "upstream" / "files").rglob(wheel.name)
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    looks_whole = WholeFiles.looks_whole  # an upstream of park would set the file aside
    monkeypatch.setattr(
        WholeFiles, "looks_whole", lambda self, path: path == stored or looks_whole(self, path)
    )
    path = f"/files/upstream/six/{sha256}/{wheel.name}"
    answer = httpx2.get(f"{place.url}{path}", auth=LOGIN, trust_env=False)
    assert answer.status_code == 502
    assert "expected sha256" in answer.text
    done = run(
        "pip", "download", "six", "--no-deps", "--index-url", f"{with_login(place.url)}/simple/",
        "--retries", "0",
        home=tmp_path,
    )  # fmt: skip
    assert done.returncode != 0
    assert not list((tmp_path / "index" / "remote").rglob(wheel.name))
