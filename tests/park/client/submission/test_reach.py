"""What the environment of a call must have."""

from __future__ import annotations

import pytest

from park.client.by_value import requirements
from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import called
from park.client.submission.reach import Reach, reach_of_call


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
