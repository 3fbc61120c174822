"""What the environment of a call must have."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from park.client.by_value import requirements
from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import called
from park.client.submission.reach import Reach, note_reach, reach_of_call, with_values_of


@pytest.fixture
def sending() -> Sending:
    return Sending(ModuleWays())


def test_of_a_function_of_a_project_it_is_that_projects(sending: Sending) -> None:
    what = called("packaging.version:parse", sending)
    sending.note("packaging.tags")
    assert reach_of_call(what, sending) is None


def test_what_its_arguments_refer_to_comes_along(sending: Sending) -> None:
    what = called("packaging.version:parse", sending)
    sending.note("httpx2")
    found = reach_of_call(what, sending)
    assert found == Reach(modules=frozenset({"packaging.version", "httpx2"}))


def test_what_its_project_requires_is_there_without_being_asked_for(sending: Sending) -> None:
    sending.note("httpcore2")
    assert reach_of_call(called("httpx2:get", sending), sending) is None


def test_what_a_job_leaves_is_read_with_what_that_reached(sending: Sending) -> None:
    jobs = [
        SimpleNamespace(id="of-a-script", entry_point="__main__:f"),
        SimpleNamespace(id="of-a-project", entry_point="packaging.version:parse"),
        SimpleNamespace(id="of-another-session", entry_point="__main__:f"),
        SimpleNamespace(id="of-all", entry_point="json:dumps"),
    ]
    note_reach("of-a-script", Reach(modules=frozenset({"httpx2"}), requirements=("h5py",)))
    note_reach("of-all", Reach())
    note_reach("of-a-project", None)
    found = with_values_of(Reach(modules=frozenset({"pydantic"})), jobs, sending.ways)
    modules = frozenset({"pydantic", "httpx2", "packaging.version"})
    assert found == Reach(modules=modules, requirements=("h5py",))


def test_what_every_job_has_asks_for_nothing(sending: Sending) -> None:
    assert reach_of_call(called("json:dumps", sending), sending) == Reach()


def test_of_a_function_of_the_script_the_script_is_asked(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "_said", {"h5py": None})
    namespace: dict[str, object] = {"__name__": "__main__x"}
    exec("def f():\n    import httpx2\n", namespace)  # noqa: S102 (a function of a script)
    found = reach_of_call(called(namespace["f"], sending), sending)  # type: ignore[arg-type]
    assert found == Reach(modules=frozenset({"httpx2"}), requirements=("h5py",))
