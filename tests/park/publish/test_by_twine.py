"""How twine is run; tests/functional/index/test_publish runs it."""

from __future__ import annotations

import importlib.util
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from park.errors import UsageError
from park.publish.by_twine import advice, raised, reason, require_twine, twine_environ, upload
from park.publish.destination import of_service
from park.publish.release_files import Release


def test_nothing_in_the_environment_leads_an_upload_elsewhere() -> None:
    outer = {"TWINE_REPOSITORY_URL": "https://elsewhere", "TWINE_REPOSITORY": "x"}
    outer |= {"HOME": "/me", "PARK_TOKEN": "s3cret"}
    assert twine_environ(outer) == {"HOME": "/me"}


def test_a_login_is_in_a_file_of_ones_own_while_twine_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: dict[str, Any] = {}

    def run(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        file = Path(command[command.index("--config-file") + 1])
        seen.update(file=file, said=file.read_text("utf-8"), env=how["env"])
        seen["modes"] = [stat.S_IMODE(path.stat().st_mode) for path in (file.parent, file)]
        seen["words"] = command
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    for name in ("TWINE_USERNAME", "TWINE_PASSWORD", "PARK_TOKEN"):
        monkeypatch.setenv(name, "another-s3cret")
    release = Release(
        name=canonicalize_name("m"), version=Version("1"), files=(tmp_path / "m-1.whl",)
    )
    upload(release, of_service("compufans", "https://compufans.example/legacy/", "s3cret"))
    assert "password = s3cret" in seen["said"]
    assert seen["modes"] == [0o700, 0o600]
    assert "s3cret" not in repr(seen["words"]) + repr(seen["env"])
    assert not seen["file"].exists()


def test_where_twine_is_missing_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    require_twine()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError) as caught:
        require_twine()
    assert caught.value.hint == "pip install 'park-dist[publish]'"


def test_the_words_of_a_service_are_found_in_what_twine_prints() -> None:
    document = '{"title":"Conflict","detail":"a is here already","hint":"a new version"}'
    output = f"Uploading a\nINFO     409 Conflict\nINFO     {document}\nERROR    HTTPError: 409\n"
    assert reason(output) == ("a is here already", "a new version")


@pytest.mark.parametrize("line", ["{not json}", '{"title": "nothing more"}', "no document"])
def test_without_them_its_own_last_lines_are_the_reason(line: str) -> None:
    assert reason(f"{line}\nERROR    refused\n") == (f"{line}\nERROR    refused", None)


def test_a_release_without_a_readme_is_told_how_to_have_one() -> None:
    said = "Checking a.whl: FAILED due to warnings\nWARNING  `long_description` missing."
    assert (
        advice(said) == 'give it a README: readme = "README.md" in [project] of its pyproject.toml'
    )
    assert "--output DIR keeps the files" in advice("ERROR  `long_description` has syntax errors")


def test_what_twine_did_not_expect_is_its_last_line() -> None:
    trace = 'Traceback (most recent call last):\n  File "x"\nOSError: one\n\nDuring ...\n'
    assert raised(f"warned\n{trace}\n{trace}requests.ConnectionError: refused\n") == (
        "requests.ConnectionError: refused"
    )
    assert raised("ERROR    403\n") == "twine says why above"
