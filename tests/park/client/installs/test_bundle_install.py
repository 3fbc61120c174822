"""What of a bundle is sent: all to a service without upstream, else only what no index has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.material.wheels import make_wheel, write_archive
from support.stand_ins.job_service import JobService

from park.client.installs.bundle import WHEELS, Bundle
from park.client.installs.bundle_install import install_bundle
from park.client.report import Silence
from park.digests import file_sha256
from park.wire import LocalWheel

if TYPE_CHECKING:
    from pathlib import Path

TREE = "1.0+t0123456789abcdef"


class Installing(JobService):
    """A service that has every environment at once, but misses some wheels."""

    def __init__(self, *, upstream: str | None, missing: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.answers["/api/v1"] = {
            "version": "0",
            "user": "ada",
            "pythons": ["3.11"],
            "index_url": "",
            "trees_url": "",
            "upload_url": "",
            "upstream": upstream,
        }
        self.missing = missing
        self.requests: list[dict[str, Any]] = []
        self.uploaded: dict[str, bytes] = {}

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        if (method, path) != ("POST", "/api/v1/installs"):
            return super().json(method, path, **arguments)
        request = arguments["json"]
        self.requests.append(request)
        names = ("id", "project", "version", "python")
        return {name: request[name] for name in names} | {
            "state": "ready",
            "set_hash": "2" * 64,
            "lock_hash": "1" * 64,
            "missing": list(self.missing),
        }

    def upload(self, path: str, file: Path, _form: Any) -> None:
        assert path == "/legacy/"
        self.uploaded[file.name] = file.read_bytes()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [make_wheel(tmp_path, "demo", TREE), make_wheel(tmp_path, "six", "1.16")]


@pytest.fixture
def bundle(tmp_path: Path, files: list[Path]) -> Bundle:
    content = {f"{WHEELS}/{file.name}": file.read_bytes() for file in files}
    versions = {"demo": TREE, "six": "1.16"}
    return Bundle(
        path=write_archive(tmp_path / "demo.zip", content),
        project="demo",
        version=TREE,
        python="3.11",
        lock="",
        wheels=tuple(
            LocalWheel(
                name=name,
                version=version,
                filename=file.name,
                sha256=file_sha256(file),
                size=file.stat().st_size,
            )
            for file, (name, version) in zip(files, versions.items(), strict=True)
        ),
    )


@pytest.mark.parametrize(
    ("upstream", "named"), [(None, ["demo", "six"]), ("https://index.example/simple/", ["demo"])]
)
def test_an_index_behind_the_service_has_the_releases(
    bundle: Bundle, upstream: str | None, named: list[str]
) -> None:
    service = Installing(upstream=upstream)
    install_bundle(service, bundle, Silence())
    (request,) = service.requests
    assert [wheel["name"] for wheel in request["wheels"]] == named
    assert [pin["name"] for pin in request["pins"]] == ["demo", "six"]


def test_only_what_is_missing_is_uploaded(bundle: Bundle, files: list[Path]) -> None:
    service = Installing(upstream=None, missing=(files[1].name,))
    outcome = install_bundle(service, bundle, Silence())
    assert service.uploaded == {files[1].name: files[1].read_bytes()}
    assert (outcome.uploaded, outcome.built) == ([files[1].name], [])
    assert outcome.lock_hash == "1" * 64
