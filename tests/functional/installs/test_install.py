"""From the code here to an environment there: what is done, what is not done again, what fails."""

from __future__ import annotations

import re
import shutil
import time
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from support.material.projects import PACKAGES, write_tree
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_client import Client, ModelTree
    from support.services.park_service import ParkService

LOCK = re.compile(r"[0-9a-f]{64}")
TREE_VERSION = re.compile(r"0\.1\+t[0-9a-f]{16}")


def install(client: Client) -> dict[str, Any]:
    document: dict[str, Any] = client.json("install", "light_model")
    return document


def nothing_was_done(outcome: dict[str, Any]) -> bool:
    return (outcome["built"], outcome["uploaded"], outcome["realised"]) == ([], [], False)


def test_the_first_time_all_is_done(client: Client, model: ModelTree, python_minor: str) -> None:
    model.edit("light_model.py", "Layer(name, thickness)", "Layer(name, 1.0 * thickness)")
    outcome = install(client)
    assert outcome["project"] == "light-model"
    assert TREE_VERSION.fullmatch(outcome["version"])
    assert outcome["python"] == python_minor
    assert LOCK.fullmatch(outcome["lock_hash"])
    assert outcome["status"] == "ready"
    wheel = f"light_model-{outcome['version']}-py3-none-any.whl"
    assert outcome["built"] == outcome["uploaded"] == [wheel]
    assert outcome["realised"] is True


def test_the_second_time_nothing_is_done(installed: Client) -> None:
    first, second = install(installed), install(installed)
    assert nothing_was_done(first)
    assert second == first


def test_what_is_as_it_was_is_asked_for_without_a_look_at_it(
    installed: Client, model: ModelTree, answer: int
) -> None:
    loading = installed.with_variables(PYTHONPROFILEIMPORTTIME="1")
    end = time.monotonic() + LIMIT_S
    # what was written a moment ago is looked at again: its next state might look the same
    while "park.build.local_set" in loading.run("install", "light_model", "--json").stderr:
        assert time.monotonic() < end
    first = install(installed)
    assert nothing_was_done(first)
    model.edit("light_model.py", f"ANSWER = {answer}", f"ANSWER = 1{answer}")
    assert install(installed)["version"] != first["version"]
    model.edit("light_model.py", f"ANSWER = 1{answer}", f"ANSWER = {answer}")
    assert install(installed) == first


def test_progress_is_visible_while_stdout_is_for_the_answer(
    client: Client, model: ModelTree
) -> None:
    assert model.root.exists()
    done = client.run("install", "light_model", "--json")
    assert re.search(r"^building light-model 0\.1\+t", done.stderr, re.MULTILINE)
    assert re.search(r"^built light_model-0\.1\+t\S+\.whl \(", done.stderr, re.MULTILINE)
    assert re.search(r"^uploaded light_model-0\.1\+t\S+\.whl \(", done.stderr, re.MULTILINE)
    assert re.search(r"^(resolve|unpack|compile|link)…$", done.stderr, re.MULTILINE)


def test_an_edit_makes_another_version_and_undoing_it_brings_the_first_back_at_once(
    client: Client, model: ModelTree, answer: int
) -> None:
    first = install(client)
    model.edit("light_model.py", f"ANSWER = {answer}", f"ANSWER = -{answer}")
    edited = install(client)
    assert edited["version"] != first["version"]
    assert edited["lock_hash"] != first["lock_hash"]
    assert edited["realised"] is True
    model.edit("light_model.py", f"ANSWER = -{answer}", f"ANSWER = {answer}")
    undone = install(client)
    assert nothing_was_done(undone)
    assert undone["lock_hash"] == first["lock_hash"]
    assert undone["version"] == first["version"]


def test_a_tree_by_its_path_is_the_same_as_by_its_module(
    installed: Client, model: ModelTree
) -> None:
    by_path = installed.json("install", str(model.root))
    assert by_path == install(installed)


def test_nothing_is_written_into_the_tree(client: Client, model: ModelTree) -> None:
    before = sorted(model.root.rglob("*"))
    install(client)
    client.call("light_model:answer")
    assert sorted(model.root.rglob("*")) == before


def test_a_client_that_lost_its_cache_builds_the_same_wheel_and_uploads_nothing(
    installed: Client, tmp_path: Path
) -> None:
    before = install(installed)
    fresh = installed.with_variables(PARK_CACHE_DIR=str(tmp_path / "fresh"))
    again = install(fresh)
    assert again["lock_hash"] == before["lock_hash"]
    assert len(again["built"]) == 1
    assert (again["uploaded"], again["realised"]) == ([], False)


def test_a_script_with_inline_metadata_runs_on_the_service(client: Client) -> None:
    script = """
        # /// script
        # dependencies = ["sortedcontainers"]
        # ///
        from sortedcontainers import SortedList

        def third(values):
            return SortedList(values)[2]
    """
    write_tree(client.folder, {"sorting.py": dedent(script)})
    outcome = client.json("install", "sorting.py")
    assert re.fullmatch(r"0\+t[0-9a-f]{16}", outcome["version"])
    assert client.call("sorting:third", values=[3, 1, 2]) == 3


def test_a_module_that_is_not_there(client: Client) -> None:
    message = client.error("install", "no_such_module", status=5)
    assert message.startswith("no module named no_such_module in ")
    assert "\nhint: " in message


def test_a_module_without_a_distribution(client: Client) -> None:
    write_tree(client.folder, {"loose_module.py": "ANSWER = 42\n"})
    message = client.error("install", "loose_module", status=5)
    assert "loose_module" in message.splitlines()[0]
    assert "which no installed distribution owns" in message
    assert "\nhint: give it a pyproject.toml" in message


def test_a_build_that_fails(client: Client, tmp_path: Path) -> None:
    tree = shutil.copytree(PACKAGES / "failing-backend", tmp_path / "failing")
    message = client.error("install", str(tree), status=5, quotes_traceback=True)
    assert message.startswith("the build backend could not build the wheel:\n")
    assert "\nRuntimeError: no FORTRAN compiler\nhint: " in message
    assert "compiling file 0\n" not in message  # the last lines, not all
    assert "park_dist" not in message


def test_a_requirement_that_is_not_installed(client: Client, model: ModelTree) -> None:
    # a checkout that was updated: what it requires now was never installed here
    model.edit("pyproject.toml", '"packaging"]', '"packaging", "no-such-project-anywhere"]')
    message = client.error("install", str(model.root), status=5)
    assert "no-such-project-anywhere" in message
    assert "\nhint: " in message


def test_pins_that_cannot_be_had_together_are_explained(
    client: Client, service: ParkService, tmp_path: Path
) -> None:
    pyproject = """
        [build-system]
        requires = ["flit_core>=3.11"]
        build-backend = "flit_core.buildapi"
        [project]
        name = "beyond"
        version = "1.0"
        description = "Requires a release that is nowhere"
        dependencies = ["sortedcontainers"]
    """
    tree = write_tree(tmp_path / "beyond", {"pyproject.toml": pyproject, "beyond.py": ""})
    pretended = tmp_path / "site"
    write_tree(
        pretended,
        {
            "sortedcontainers/__init__.py": "",
            "sortedcontainers-99.0.dist-info/METADATA": (
                "Metadata-Version: 2.1\nName: sortedcontainers\nVersion: 99.0\n"
            ),
            "sortedcontainers-99.0.dist-info/RECORD": (
                "sortedcontainers/__init__.py,,\nsortedcontainers-99.0.dist-info/METADATA,,\n"
            ),
            "sortedcontainers-99.0.dist-info/INSTALLER": "pip\n",
        },
    )
    other = client.with_variables(PYTHONPATH=str(pretended))
    message = other.error("install", str(tree), status=5)
    assert "sortedcontainers" in message
    assert "99.0" in message
    assert "\nhint: " in message
    assert service.token not in message
    assert "__token__" not in message
