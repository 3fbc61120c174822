"""What the guide to the index says beside the commands: the netrc, answers, and refusals."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.material.index_tools import LOGIN, installed, run, upload
from support.material.wheels import make_wheel
from support.stand_ins.index_behind import serving_behind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TREE = "1.0+t0123456789abcdef"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with serving_behind(tmp_path) as url:
        yield url


def sent(url: str, wheel: Path, **fields: str) -> httpx2.Response:
    """Upload ``wheel`` with further ``fields`` of the form."""
    return httpx2.post(
        f"{url}/legacy/",
        data={":action": "file_upload", "protocol_version": "1", **fields},
        files={"content": (wheel.name, wheel.read_bytes())},
        auth=LOGIN,
        trust_env=False,
    )


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_the_token_is_read_from_the_netrc(url: str, tmp_path: Path, tool: str) -> None:
    upload(url, make_wheel(tmp_path, requires=["six"]))
    target = tmp_path / "installed"
    command: list[Any] = {
        "pip": ["pip", "install", "--no-input", "--index-url"],
        "uv": ["uv", "pip", "install", "--python", sys.executable, "--default-index"],
    }[tool]
    command += [f"{url}/simple/", "--target", target, "demo"]
    assert run(*command, home=tmp_path).returncode != 0
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1\nlogin {LOGIN[0]}\npassword {LOGIN[1]}\n")
    netrc.chmod(0o600)
    done = run(*command, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert installed(target) == {"demo": "1.0", "six": "1.0"}


def test_the_answer_to_an_upload_says_where_it_is_and_whether_it_is_new(
    url: str, tmp_path: Path
) -> None:
    for version, layer in (("1.0", "projects"), (TREE, "trees")):
        wheel = make_wheel(tmp_path, version=version)
        for is_new in (True, False):
            answer = sent(url, wheel).json()
            assert (answer["filename"], answer["layer"]) == (wheel.name, layer)
            assert answer["new"] is is_new


def test_what_the_form_says_of_the_file_is_compared_with_it(url: str, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    others = {
        "sha256_digest": "0" * 64,
        "blake2_256_digest": "0" * 64,
        "md5_digest": "0" * 32,
        "filetype": "sdist",
        "name": "other",
        "version": "9",
    }
    for field, value in others.items():
        refused = sent(url, wheel, **{field: value})
        assert (refused.status_code, refused.json()["title"]) == (400, "InvalidUpload"), field
    md5 = hashlib.md5(wheel.read_bytes(), usedforsecurity=False).hexdigest()
    assert sent(url, wheel, md5_digest=md5, filetype="bdist_wheel").status_code == 200


def test_what_is_no_name_of_a_project_is_nobodys(url: str) -> None:
    for name in ("%ff", "-x-", "a%20b", "x" * 300 + "-"):
        answer = httpx2.get(f"{url}/simple/{name}/", auth=LOGIN, trust_env=False)
        assert answer.status_code == 404, name


def test_a_release_of_a_name_of_upstream_is_refused_with_the_way_to_have_it(
    url: str, tmp_path: Path
) -> None:
    refused = sent(url, make_wheel(tmp_path / "own", "six", "2.0"))
    assert (refused.status_code, refused.json()["title"]) == (403, "NotPermitted")
    assert "six is a project of http://127.0.0.1:" in refused.json()["detail"]
    assert "park index claim six" in refused.json()["hint"]
    # the file itself is checked before whose its name is
    broken = make_wheel(tmp_path / "broken", "six", "2.0", files={"../up.py": b""})
    assert sent(url, broken).status_code == 400
    # a working tree of it is for its user alone, and welcome
    tree = make_wheel(tmp_path / "tree", "six", TREE)
    assert sent(url, tree).json()["layer"] == "trees"
