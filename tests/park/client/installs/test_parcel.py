"""What goes to a service: wheels that it can run, and what stands in the way of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import NormalizedName
from support.stand_ins.job_service import JobService

from park.build.cache import Cache
from park.build.source_kinds import local_source
from park.build.wheel_source import BuiltWheel, LocalSource
from park.client.installs.parcel import as_parcel, platforms_of
from park.errors import CannotSatisfy
from park.local.project import LocalProject, ProjectKind

if TYPE_CHECKING:
    from pathlib import Path

ANY = "demo-1.0-py3-none-any.whl"
MAC = "demo-1.0-cp311-cp311-macosx_11_0_arm64.whl"
LINUX = "demo-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"


class Platforms(JobService):
    """A service that says which wheels it can run."""

    def __init__(self, *, builds: bool = False) -> None:
        super().__init__()
        self.answers["/api/v1"] = {
            "version": "0",
            "user": "ada",
            "pythons": ["3.11"],
            "index_url": "",
            "trees_url": "",
            "upload_url": "",
            "upstream": None,
            "platforms": {"3.11": ["manylinux_2_17_x86_64", "any"]},
            "builds": builds,
        }


@pytest.fixture
def wheel(tmp_path: Path) -> Any:
    """Return what makes a wheel of a name, given by its path."""

    def made(filename: str) -> tuple[LocalSource, BuiltWheel]:
        path = tmp_path / filename
        path.write_bytes(b"")
        project = LocalProject(
            name=NormalizedName("demo"), version="1.0", kind=ProjectKind.WHEEL, root=path
        )
        source = local_source(project, cache=Cache(root=tmp_path / "cache"))
        return source, BuiltWheel(path=path, filename=filename, sha256="0", size=0, built=False)

    return made


def parcel(service: JobService, wheels: Any, python: str = "3.11") -> Any:
    steps: list[str] = []
    return as_parcel(service, wheels, python=python, progress=steps.append)


def test_a_wheel_may_be_for_several_platforms() -> None:
    assert platforms_of(ANY) == {"any"}
    assert platforms_of(LINUX) == {"manylinux_2_17_x86_64", "manylinux2014_x86_64"}


def test_pure_wheels_go_without_a_question(wheel: Any) -> None:
    service, wheels = Platforms(), [wheel(ANY)]
    assert parcel(service, wheels).wheels == wheels
    assert service.asked == []


def test_a_wheel_for_one_of_the_services_platforms_goes_as_it_is(wheel: Any) -> None:
    wheels = [wheel(ANY), wheel(LINUX)]
    found = parcel(Platforms(), wheels)
    assert (found.wheels, found.sources, found.sent) == (wheels, [], [])


def test_a_python_that_the_service_lacks_is_for_the_service_to_refuse(wheel: Any) -> None:
    wheels = [wheel(MAC)]
    assert parcel(Platforms(), wheels, python="3.99").wheels == wheels


@pytest.mark.parametrize("builds", [False, True])
def test_a_foreign_wheel_without_a_source_is_refused_whatever_the_service_builds(
    wheel: Any,
    builds: bool,  # noqa: FBT001 (a case)
) -> None:
    with pytest.raises(CannotSatisfy, match="is for macosx_11_0_arm64") as caught:
        parcel(Platforms(builds=builds), [wheel(ANY), wheel(MAC)])
    assert "the service runs manylinux_2_17_x86_64" in str(caught.value)
    assert "is no source that it could build" in str(caught.value)
    assert "--editable" in str(caught.value.hint)
