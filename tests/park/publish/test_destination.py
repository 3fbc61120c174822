"""Where a release goes, as twine is told; secrets are in no argument and no representation."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from park.errors import UsageError
from park.publish.destination import of_index, of_pypirc, of_service


def test_the_token_of_a_service_is_in_a_configuration_alone() -> None:
    found = of_service("compufans", "https://compufans.example/legacy/", "s3cret")
    assert "s3cret" not in " ".join(found.options) + repr(found)
    read = configparser.RawConfigParser()
    read.read_string(str(found.pypirc))
    section = found.options[-1]
    assert read["distutils"]["index-servers"] == section
    assert dict(read[section]) == {
        "repository": "https://compufans.example/legacy/",
        "username": "__token__",
        "password": "s3cret",
    }


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (None, {"pypi", "testpypi"}),
        ("[distutils]\nindex-servers =\n  lab\n  gone\n[lab]\nusername = me\n", {"pypi", "lab"}),
        ("[lab]\nusername = me\n", {"pypi", "testpypi"}),
    ],
)
def test_an_index_that_the_configuration_lacks_is_told_before_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, known: set[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    if text is not None:
        (tmp_path / ".pypirc").write_text(text)
    for name in ("pypi", "testpypi", "lab", "gone"):
        if name in known:
            assert of_pypirc(name).options == ("--repository", name)
        else:
            with pytest.raises(UsageError, match=f"no index '{name}'; it knows"):
                of_pypirc(name)


@pytest.mark.parametrize("content", [b"no section", b"\xff"])
def test_what_is_wrong_with_a_configuration_twine_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pypirc").write_bytes(content)
    assert of_pypirc("lab").shown == "lab"


def test_of_any_other_index_the_password_is_twine_s_to_find() -> None:
    assert of_pypirc("pypi").options == ("--repository", "pypi")
    assert of_index("http://localhost:8080/").options[-1] == "http://localhost:8080/"
    assert of_pypirc("pypi").pypirc is None
    assert of_index("http://localhost:8080/").pypirc is None
