"""What a service has of projects, beside what is installed here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from support.stand_ins.job_service import JobService

from park.client.choosing import versions
from park.client.installs import here_and_there
from park.errors import LocalSetError, NoDistribution

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize(("declared", "is_found"), [("my-tree", True), ("other", False)])
def test_a_tree_that_is_not_installed_is_found_where_jobs_find_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: str, *, is_found: bool
) -> None:
    (tmp_path / "my_tree.py").write_text("")
    text = f"[project]\nname = '{declared}'\nversion = '1.3'\n"
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    one = JobService()
    one.answers[f"{API}/versions"] = []
    if is_found:
        assert one.service.nearest_versions("My.Tree") == []
        return
    with pytest.raises(NoDistribution, match="my-tree is not installed in this interpreter"):
        one.service.nearest_versions("My.Tree")
