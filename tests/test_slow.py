"""What is slow is a further case: nearly each file has tests that run without being asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FUNCTIONAL = ROOT / "tests" / "functional"
FILES = sorted((ROOT / "tests").rglob("test_*.py"))

SHOWN_BY = {
    "../park_server/retention/test_kept_and_gone.py": "../park_server/retention/test_retention.py",
    "build/test_origins.py": "build/test_backends.py",
    "build/test_surroundings.py": "build/test_version_control.py",
    "build/test_trees_as_they_are.py": "build/test_backends.py",
    "cluster/test_nodes_apart.py": "cluster/test_slurm.py",
    "cluster/test_pilots.py": "cluster/test_slurm.py",
    "documents/test_fit_howtos_run.py": "documents/test_howtos_run.py",
    "documents/test_operating_howtos_run.py": "documents/test_howtos_run.py",
    "documents/test_tutorial_runs.py": "documents/test_howtos_run.py",
    "envs/test_no_url_is_followed.py": "envs/test_resolvers.py",
    "envs/test_other_versions.py": "envs/test_offers.py",
    "envs/test_real_sets.py": "envs/test_like_uv.py",
    "envs/test_sources.py": "../park_server/installs/test_sdist_build.py",
    "index/test_attacks.py": "envs/test_resolvers.py",
    "index/test_external.py": "index/test_folder_of_wheels.py",
    "index/test_publish.py": "index/test_clients.py",
    "installs/test_binding.py": "../park_server/envs/test_verification.py",
    "installs/test_crash_installs.py": "jobs/test_crash_jobs.py",
    "installs/test_lacking_wheels.py": "installs/test_install.py",
    "installs/test_said.py": "installs/test_install.py",
    "installs/test_taken_along.py": "installs/test_install.py",
    "jobs/fits/test_bumps_versions.py": "jobs/fits/test_measured.py",
    "jobs/fits/test_reflectivity.py": "jobs/fits/test_measured.py",
    "jobs/test_fit_scripts.py": "jobs/fits/test_measured.py",
    "jobs/test_hostile_folder.py": "../park_server/jobs/test_hostile_folder.py",
    "jobs/test_refl1d.py": "jobs/fits/test_measured.py",
    "jobs/test_values.py": "jobs/test_python.py",
    "memo/test_evicted.py": "memo/test_remembered.py",
    "memo/test_fitting_edits.py": "memo/test_edits.py",
    "memo/test_leaving.py": "memo/test_remembered.py",
    "memo/test_rerun.py": "memo/test_remembered.py",
    "memo/test_shared.py": "memo/test_remembered.py",
    "page/test_board.py": "page/test_page.py",
    "page/test_notebook.py": "scripts/test_notebook_kernel.py",
    "page/test_operating.py": "page/test_page.py",
    "page/test_packages.py": "page/test_page.py",
    "page/test_sessions.py": "page/test_page.py",
    "page/test_workflow.py": "page/test_page.py",
    "release/test_release.py": "build/test_backends.py",
    "release/test_site.py": "page/test_page.py",
    "scripts/test_scripts.py": "jobs/test_python.py",
    "homes/test_backup.py": "../park_server/backup/test_restoring.py",
    "homes/test_homes.py": "services/test_lifecycle.py",
    "services/test_large_requests.py": "services/test_answers.py",
    "trust/test_owners.py": "trust/test_others_objects.py",
    "services/test_throwaway.py": "services/test_serve.py",
    "trust/test_tls.py": "trust/test_transport.py",
    "homes/test_torture.py": "jobs/test_crash_jobs.py",
    "workflows/test_bounced.py": "workflows/test_two_services.py",
    "workflows/test_crates.py": "workflows/test_debugging.py",
    "workflows/test_races.py": "workflows/test_workflow_client.py",
    "workflows/test_story.py": "workflows/test_two_services.py",
}
"""The files that are slow as a whole, each with one that shows the same of something smaller."""


def is_slow(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Tell whether a test, or a class of them, is marked as a whole: not a case of it alone."""
    return any(ast.unparse(each) == "pytest.mark.slow" for each in node.decorator_list)


def quick_tests(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the names of the tests that are not slow as a whole, and of state machines."""
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and not is_slow(node):
            yield from quick_tests(node.body)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield from () if is_slow(node) else (node.name,)
        elif isinstance(node, ast.Assign) and ast.unparse(node.value).endswith(".TestCase"):
            yield ast.unparse(node.targets[0])


def is_slow_as_a_whole(text: str) -> bool:
    """Tell whether a file has no quick test, or marks all that it has."""
    body = ast.parse(text).body
    is_marked = any(ast.unparse(node) == "pytestmark = pytest.mark.slow" for node in body)
    return is_marked or not any(quick_tests(body))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def test_a():\n    pass", False),
        ("@pytest.mark.slow\ndef test_a():\n    pass", True),
        ("@pytest.mark.slow\ndef test_a():\n    pass\ndef test_b():\n    pass", False),
        ("pytestmark = pytest.mark.slow\ndef test_a():\n    pass", True),
        ("class TestIt:\n    @pytest.mark.slow\n    def test_a(self):\n        pass", True),
        ("@pytest.mark.slow\nclass TestIt:\n    def test_a(self):\n        pass", True),
        ("class TestIt:\n    def test_a(self):\n        pass", False),
    ],
)
def test_a_file_is_slow_as_a_whole(text: str, *, expected: bool) -> None:
    assert is_slow_as_a_whole(text) is expected


def test_what_is_slow_is_shown_by_something_quick() -> None:
    slow = {file for file in FILES if is_slow_as_a_whole(file.read_text("utf-8"))}
    shown = {(FUNCTIONAL / name).resolve() for name in SHOWN_BY}
    assert slow == shown, "without --run-slow nothing of what they are about is tested"
    showing = {(FUNCTIONAL / name).resolve() for name in SHOWN_BY.values()}
    assert showing <= set(FILES) - slow
