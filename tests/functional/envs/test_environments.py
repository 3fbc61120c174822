"""The life of environments on the road: query, compare, edit, evict, pin, carry away."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uv
from support.services.park_client import Client
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.services.park_client import ModelTree, Scientist

SUMMARY = {
    "lock_hash",
    "older",
    "status",
    "python",
    "packages",
    "size_bytes",
    "own_bytes",
    "created",
    "realised",
    "last_used",
    "projects",
    "installed_by",
    "pinned_by",
}


@pytest.fixture
def lock(scientist: Scientist) -> str:
    """Return the lock hash of the scientist's model as it is."""
    return str(scientist.client.json("install", "light_model")["lock_hash"])


def environment_of(client: Client, lock: str) -> dict[str, Any]:
    (found,) = [each for each in client.json("env", "list") if each["lock_hash"] == lock]
    return dict(found)


def stages(client: Client, install_count: int) -> list[list[str]]:
    """Return the stages of the newest installs, from the events."""
    found: dict[str, list[str]] = {}
    for event in client.events():
        if event["subject"] == "install":
            seen = found.setdefault(event["id"], [])
            stage = event["data"].get("stage")
            if event["type"] == "progress" and stage not in seen:
                seen.append(stage)
    return list(found.values())[-install_count:]


def test_the_list_tells_what_there_is(scientist: Scientist, lock: str) -> None:
    found = environment_of(scientist.client, lock)
    assert found.keys() == SUMMARY
    assert (found["status"], found["packages"], found["pinned_by"]) == ("ready", 3, [])
    assert found["size_bytes"] > found["own_bytes"] > 4096
    assert found["projects"][0].startswith("light-model==0.1+t")
    printed = scientist.client.run("env", "list").stdout
    assert lock in printed
    assert "no quota" in printed


def test_show_names_the_packages(scientist: Scientist, lock: str) -> None:
    found = scientist.client.json("env", "show", lock[:8])
    names = [package["name"] for package in found["packages"]]
    assert names == ["light-model", "packaging", "sortedcontainers"]
    assert found["bytecode"] is True
    assert Path(found["path"]).name == lock
    assert found["conflicts"] == []


REAL = """
import os, packaging, sys
print(os.path.realpath(packaging.__file__).startswith(os.path.realpath(sys.prefix) + "/"))
print(os.environ["VIRTUAL_ENV"])
"""


@pytest.mark.slow
def test_a_shell_sees_the_environment_as_its_jobs_do(scientist: Scientist, lock: str) -> None:
    client = scientist.client
    path = client.json("env", "show", lock)["path"]
    assert client.run("env", "shell", lock[:8], "--", "python", "-c", REAL).stdout.split() == [
        "True",
        path,
    ]
    # without a command it is the user's own shell
    printer = client.with_variables(SHELL=f"{path}/bin/python3")
    assert printer.run("env", "shell", lock).stdout == ""
    assert client.run("env", "shell", lock, "--", "false", status=1).stderr == ""


def test_a_shell_where_the_environment_is_not(scientist: Scientist, lock: str) -> None:
    code = (
        "import json, sys; from park.client.environment_shell import become_shell as enter;"
        "from park.client.environment_queries import remote_environments as of;"
        "from dataclasses import replace; from park.errors import ParkError;"
        "found, said = of(None).show(sys.argv[1]), []\n"
        "for path in (None, '/absent'):\n"
        "    try: enter(replace(found, path=path), ['true'])\n"
        "    except ParkError as error: said.append([error.message, error.hint])\n"
        "print(json.dumps(said))"
    )
    evicted, absent = scientist.client.script(code, lock)
    assert evicted[1] == f"`park env verify {lock[:12]}` brings it back"
    assert absent[0] == "no environment at /absent for you here"
    assert "machine of the service" in absent[1]


def test_doctor_and_log_say_how_environments_are_seen(
    scientist: Scientist, service: ParkService
) -> None:
    (found,) = [e for e in scientist.client.json("doctor") if e["what"] == "environments"]
    assert found["ok"]
    assert found["detail"].startswith("real folders")
    assert f"environments: {found['detail']}\n" in service.log


def test_diff_of_an_environment_and_what_is_here(scientist: Scientist, lock: str) -> None:
    client, model, answer = scientist.client, scientist.model, scientist.answer
    same = client.json("env", "diff", lock, "light_model")
    assert (same["same"], same["differences"]) == (True, [])
    model.edit("light_model.py", f"ANSWER = {answer}", "ANSWER = 0")
    (difference,) = client.json("env", "diff", lock[:12], "light_model")["differences"]
    model.edit("light_model.py", "ANSWER = 0", f"ANSWER = {answer}")
    assert difference["name"] == "light-model"
    assert difference["a"] != difference["b"]
    # what is here of another project is none of its business
    assert client.json("env", "diff", lock, "local")["same"] is True
    assert client.json("env", "diff", "local", lock)["same"] is True


def test_diff_of_a_lock_file_and_of_a_version(
    scientist: Scientist, lock: str, tmp_path: Path
) -> None:
    client = scientist.client
    file = tmp_path / "pylock.toml"
    client.run("lock", "light_model", "-o", file)
    assert client.json("env", "diff", file, lock)["same"] is True
    project = environment_of(client, lock)["projects"][0]
    assert client.json("env", "diff", project, file)["same"] is True
    file.write_text(file.read_text().replace("2.4.0", "2.3.0"))
    printed = client.run("env", "diff", file, "light_model").stdout
    assert "sortedcontainers: 2.3.0 in a, 2.4.0 in b" in printed


@pytest.mark.parametrize("name", ["zz", "abc", "f" * 64, "no==such"])
def test_names_that_nothing_has(scientist: Scientist, name: str) -> None:
    message = scientist.client.error("env", "diff", name, "light_model", status=ERRORS[name])
    assert "hint:" in message


ERRORS = {"zz": 5, "abc": 2, "f" * 64: 2, "no==such": 2}


@pytest.mark.slow
def test_a_pin_keeps_it_and_a_job_brings_back_what_was_removed(
    scientist: Scientist, lock: str
) -> None:
    client = scientist.client
    assert client.json("env", "pin", lock)["pinned_by"] != []
    assert "is pinned by" in client.error("env", "remove", lock, status=5)
    assert client.json("env", "unpin", lock)["pinned_by"] == []
    path = Path(client.json("env", "show", lock)["path"])
    assert client.json("env", "remove", lock[:16])["status"] == "evicted"
    assert not path.exists()
    assert environment_of(client, lock)["status"] == "evicted"
    assert client.json("env", "show", lock)["packages"] != []

    assert client.call("light_model:answer", "--no-memo") == scientist.answer

    assert environment_of(client, lock)["status"] == "ready"
    assert path.exists()


@pytest.mark.slow
def test_an_edit_needs_no_resolver_and_a_new_requirement_does(
    scientist: Scientist, lock: str, service: ParkService
) -> None:
    client, model, answer = scientist.client, scientist.model, scientist.answer
    # where the resolver would keep its cache there is a file: whatever starts it fails
    cache = service.home / "cache" / "resolver"
    aside = cache.with_name("resolver-aside")
    cache.rename(aside)
    cache.write_text("")
    try:
        model.edit("light_model.py", f"ANSWER = {answer}", "ANSWER = 1")
        outcome = client.json("install", "light_model")
        assert outcome["realised"] is True
        assert outcome["lock_hash"] != lock
        assert client.call("light_model:answer", "--no-memo") == 1

        model.edit("pyproject.toml", '"packaging"', '"packaging>=21"')
        assert "failed" in client.error("install", "light_model", status=1)
    finally:
        cache.unlink()
        aside.rename(cache)
        model.edit("light_model.py", "ANSWER = 1", f"ANSWER = {answer}")
    outcome = client.json("install", "light_model")
    model.edit("pyproject.toml", '"packaging>=21"', '"packaging"')
    assert outcome["status"] == "ready"
    edited, refused, resolved = stages(client, 3)
    assert "resolve" not in edited
    assert {"resolve"} == set(refused)
    assert "resolve" in resolved


@pytest.mark.slow
def test_every_stage_is_an_event_with_its_amounts(
    client: Client, model: ModelTree, answer: int
) -> None:
    model.edit("light_model.py", f"ANSWER = {answer}", f"ANSWER = {answer}5")
    client.run("install", "light_model")
    (seen,) = stages(client, 1)
    assert {"download", "unpack", "link", "compile"} <= set(seen)
    progress = [e["data"] for e in client.events() if e["type"] == "progress"]
    last = {each["stage"]: each for each in progress}
    assert {each["unit"] for each in last.values()} <= {"bytes", "wheels", "files", "pins"}
    assert last["compile"]["done"] == last["compile"]["total"] > 0


def test_bars_on_a_terminal_and_lines_in_a_pipe(
    client: Client, model: ModelTree, answer: int
) -> None:
    model.edit("light_model.py", f"ANSWER = {answer}", f"ANSWER = {answer}6")
    command = [str(client.python.with_name("park")), "install", "light_model"]
    environ = client.environ() | {"TERM": "xterm", "COLUMNS": "100"}
    environ.pop("NO_COLOR")
    master, terminal = pty.openpty()
    with subprocess.Popen(
        command, env=environ, stdin=terminal, stderr=terminal, stdout=subprocess.DEVNULL
    ) as process:
        os.close(terminal)
        shown = _all_of(master)
    assert process.returncode == 0, shown
    assert "━" in shown
    assert "\x1b[" in shown
    for stage in ("download", "unpack", "link", "compile"):
        assert stage in shown
    assert "of" in shown
    lines = client.run("install", "light_model").stderr
    assert "\x1b" not in lines
    assert "━" not in lines


def _all_of(terminal: int) -> str:
    """Read to the end, which a terminal tells as an error."""
    parts = []
    with os.fdopen(terminal, "rb", buffering=0) as file:
        while True:
            try:
                part = file.read(4096)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
    return b"".join(parts).decode(errors="replace")


@pytest.fixture
def isolated(tmp_path: Path) -> Iterator[ParkService]:
    """Run a service without an index behind it."""
    with ParkService(tmp_path / "isolated", "--upstream", "none") as running:
        yield running


@pytest.mark.slow
def test_a_bundle_installs_on_a_service_without_upstream(
    scientist: Scientist, isolated: ParkService, tmp_path: Path
) -> None:
    bundle = tmp_path / "light.zip"
    written = scientist.client.json("bundle", "light_model", "-o", bundle)
    assert len(written["wheels"]) == 3
    assert written["size"] == bundle.stat().st_size

    there = Client.of(
        scientist.client.python, tmp_path / "there", cache=tmp_path / "cache", service=isolated
    )
    outcome = there.json("install", bundle)

    assert (outcome["status"], outcome["version"]) == ("ready", written["version"])
    assert len(outcome["uploaded"]) == 3
    assert there.call("light_model:answer", "--no-memo") == scientist.answer
    again = there.json("install", bundle)
    assert (again["uploaded"], again["realised"]) == ([], False)
    assert there.json("env", "diff", bundle, outcome["lock_hash"])["same"] is True


@pytest.mark.slow
def test_plain_pip_and_uv_install_from_a_bundle(scientist: Scientist, tmp_path: Path) -> None:
    bundle, folder = tmp_path / "light.zip", tmp_path / "unpacked"
    scientist.client.run("bundle", "light_model", "-o", bundle)
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    lock = str(folder / "pylock.toml")
    binary = uv.find_uv_bin()
    pythons = []
    for name, install in (
        ("pip", ["-m", "pip", "install", "--quiet", "--no-index", "-r", lock]),
        ("uv", [binary, "pip", "install", "--quiet", "--offline", "-r", lock]),
    ):
        environment = tmp_path / name
        command = [binary, "venv", "--quiet", "--seed", "--python", str(scientist.client.python)]
        subprocess.run([*command, str(environment)], check=True)
        python = environment / "bin" / "python"
        pythons.append(python)
        variables = {"VIRTUAL_ENV": str(environment), "PATH": os.environ["PATH"]}
        prefix = [] if install[0] == binary else [str(python)]
        done = subprocess.run(
            [*prefix, *install], env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    code = "import light_model as m, json; print(json.dumps([m.answer(), m.versions()]))"
    answers = [
        json.loads(subprocess.run([p, "-c", code], capture_output=True, check=True).stdout)
        for p in pythons
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == scientist.answer


@pytest.mark.slow
def test_a_damaged_bundle_is_refused(
    scientist: Scientist, isolated: ParkService, tmp_path: Path
) -> None:
    bundle, damaged = tmp_path / "light.zip", tmp_path / "damaged.zip"
    scientist.client.run("bundle", "light_model", "-o", bundle)
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content + b" " if "sortedcontainers" in name else content)
    there = Client.of(
        scientist.client.python, tmp_path / "there", cache=tmp_path / "cache", service=isolated
    )
    assert "expected SHA-256" in there.error("install", damaged, status=2)


@pytest.mark.slow
def test_over_the_quota_the_older_goes_and_comes_back(
    light_python: Path, model: ModelTree, answer: int, client_cache: Path, tmp_path: Path
) -> None:
    with ParkService(tmp_path / "small", "--quota", "200K") as small:
        client = Client.of(light_python, tmp_path / "c", cache=client_cache, service=small)
        first = client.json("install", "light_model")["lock_hash"]
        model.edit("light_model.py", f"ANSWER = {answer}", "ANSWER = 7")
        second = client.json("install", "light_model")["lock_hash"]
        evicted = small.event(first, "evicted")
        assert evicted["data"] == {"why": "over the quota"}
        assert "of 200.0 KiB" in client.run("env", "list").stdout
        assert client.call("light_model:answer", "--no-memo", "--lock", second) == 7
        assert client.call("light_model:answer", "--no-memo", "--lock", first) == answer


def test_a_python_that_the_service_does_not_have(service: ParkService) -> None:
    request = {
        "id": "0199-no-such-python",
        "project": "demo",
        "version": "1.0",
        "python": "3.99",
        "pins": [{"name": "demo", "version": "1.0"}],
    }
    with pytest.raises(AssertionError, match=r"no Python 3\.99; it has 3\."):
        service.request("POST", "/api/v1/installs", json=request)
