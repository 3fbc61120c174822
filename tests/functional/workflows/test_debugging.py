"""A job's call on the scientist's machine: the same versions, the same inputs, and pdb."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_client import Client, Scientist


@pytest.fixture(scope="module")
def client(scientist: Scientist) -> Client:
    return scientist.client


def debugged(
    client: Client, *arguments: str, typed: str = "", status: int = 1
) -> subprocess.CompletedProcess[str]:
    """Run ``park debug``, type into it, and return what it says."""
    done = subprocess.run(
        [client.python.with_name("park"), "debug", *arguments],
        input=typed,
        env=client.environ(),
        cwd=client.folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
    return done


def test_pdb_opens_where_the_call_failed(client: Client) -> None:
    job = client.submit("light_model:fail", reason="too thin")
    client.run("result", job, status=1)
    done = debugged(client, job[-8:], typed="p reason\nq\n")
    assert "light_model.py" in done.stdout
    assert "-> raise ValueError(reason)" in done.stdout
    assert "'too thin'" in done.stdout
    assert "ValueError: too thin" in done.stderr
    assert "_park_runtime" not in done.stderr
    assert f"light_model:fail of job {job}" in done.stderr


@pytest.mark.slow
def test_what_it_needs_is_as_it_was_for_the_job(client: Client, tmp_path: Path) -> None:
    data = client.folder / "film.txt"
    data.write_text("measured")
    job = client.submit("light_model:read", path=data)
    assert client.json("result", job) == "measured"
    data.write_text("edited since")
    done = debugged(client, job, "-d", str(tmp_path / "kept"), status=0)
    assert done.stdout == "returned 'measured'\n"
    (kept,) = (tmp_path / "kept" / "inputs").glob("*/film.txt")
    assert kept.read_text() == "measured"
    versions = client.submit("light_model:versions")
    seen = client.json("result", versions)
    assert debugged(client, versions, status=0).stdout == f"returned {seen!r}\n"


@pytest.mark.slow
def test_what_another_job_left_is_in_the_place_of_the_reference(client: Client) -> None:
    code = """
import json, park
with park.remote_service() as service:
    first = service.submit("light_model:write", "a.txt", "left by the first")
    second = service.submit("light_model:read", first.files["a.txt"])
    second.result()
print(json.dumps(second.id))
"""
    done = debugged(client, client.script(code), status=0)
    assert done.stdout == "returned 'left by the first'\n"


@pytest.mark.slow
def test_pdb_opens_where_the_call_begins(client: Client) -> None:
    job = client.submit("light_model:echo", value=7)
    done = debugged(client, job, "--break", typed="p value\nc\n", status=0)
    assert "-> return value" in done.stdout
    assert "\n(Pdb) 7\n" in done.stdout
    assert "returned 7" in done.stdout


@pytest.mark.slow
def test_a_function_by_value(client: Client) -> None:
    code = """
import json, park
service = park.remote_service()
WIDE = 3
print(json.dumps(service.submit(lambda n: n / (WIDE - 3), 1).id))
"""
    job = client.script(code)
    client.run("result", job, status=1)
    done = debugged(client, job, typed="p n, WIDE\nq\n")
    assert "(1, 3)" in done.stdout
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.slow
def test_without_uv_pip_installs_it(client: Client, tmp_path: Path) -> None:
    job = client.submit("light_model:answer")
    wanted = client.json("result", job)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("env", "sh"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    fresh = client.with_variables(PATH=str(tools), PARK_CACHE_DIR=str(tmp_path / "cache"))
    assert debugged(fresh, job, status=0).stdout == f"returned {wanted}\n"


def test_what_cannot_be_called_is_said(client: Client, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").touch()
    job = client.submit("light_model:answer")
    assert f"{full} is not empty" in client.error("debug", job, "-d", str(full), status=2)
    assert [path.name for path in full.iterdir()] == ["mine.txt"]
    assert "no job" in client.error("debug", "feedbeef", status=2)
