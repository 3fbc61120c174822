"""What a service has of projects, beside what is installed here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from support.stand_ins.job_service import JobService

from park.client.choosing import versions
from park.client.installs import here_and_there
from park.errors import LocalSetError

if TYPE_CHECKING:
    import pytest

API = "/api/v1"


def test_versions_are_compared_with_what_is_installed_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = JobService()
    looked: list[str] = []

    def project_set(name: str, **_: Any) -> Any:
        looked.append(name)
        if name == "absent":
            raise LocalSetError("it is not installed here")
        return SimpleNamespace(requirements=f"set of {name}")

    monkeypatch.setattr(here_and_there, "project_set", project_set)
    monkeypatch.setattr(versions, "decode", lambda _, document: SimpleNamespace(**document))
    monkeypatch.setattr(here_and_there, "compared", lambda each, here: (each.project, here))
    environments = [{"project": name} for name in ("m", "m", "absent")]
    one.answers[f"{API}/versions"] = environments
    found: Any = one.service.versions("m")
    assert found == [("m", "set of m"), ("m", "set of m"), ("absent", None)]
    assert sorted(looked) == ["absent", "m"]  # each once, however many versions there are
    one.service.versions()
    one.service.versions("m", newest=10)
    asked = [query for _, _, query in one.asked]
    assert asked == [{"project": "m"}, {}, {"project": "m", "newest": 10}]
