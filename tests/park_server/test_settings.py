from __future__ import annotations

from pathlib import Path

import pytest

from park.errors import UsageError
from park_server.settings import Settings


def test_an_external_index_has_its_login_in_a_file(tmp_path: Path) -> None:
    login = tmp_path / "login"
    login.write_text("ada:s3:cret\nmore\n")
    settings = Settings.of(
        home=tmp_path, upstream="none", index="http://h/simple", index_login_file=login,
        index_upload="http://h/upload",
    )  # fmt: skip
    assert (settings.index, settings.index_upload) == ("http://h/simple/", "http://h/upload")
    assert settings.index_login == ("ada", "s3:cret")
    assert "s3:cret" not in repr(settings)


@pytest.mark.parametrize(
    ("options", "ending"),
    [
        ({"index": "pypi"}, "pypiserver:DIR for a folder of wheels"),
        ({"index": "none"}, "pypiserver:DIR for a folder of wheels"),
        ({"index_upload": "ftp://h/"}, "/legacy/"),
        ({"upstream": "pypi"}, ", or none"),
        ({"url": "lab.example.org"}, "/park"),
    ],
)
def test_what_is_no_url_is_refused(tmp_path: Path, options: dict[str, str], ending: str) -> None:
    with pytest.raises(UsageError, match=r"is no http\(s\) URL") as caught:
        Settings.of(home=tmp_path, **({"upstream": "none"} | options))  # type: ignore[arg-type]  # strings all
    assert str(caught.value.hint).endswith(ending)


def test_a_login_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        Settings.of(home=tmp_path, upstream="none", index_login_file=tmp_path / "none")
    (tmp_path / "login").write_text("only a word")
    with pytest.raises(UsageError, match="not of the form user:password"):
        Settings.of(home=tmp_path, upstream="none", index_login_file=tmp_path / "login")


def test_the_index_may_be_a_folder_of_wheels(tmp_path: Path) -> None:
    given = {"home": tmp_path, "upstream": "none", "index": f"pypiserver:{tmp_path}"}
    settings = Settings.of(**given)  # type: ignore[arg-type]  # as they are named
    assert (settings.index, settings.index_folder) == (None, tmp_path)
    for index in ("pypiserver:", f"pypiserver:{tmp_path / 'nowhere'}"):
        with pytest.raises(UsageError, match="there is no folder"):
            Settings.of(**given | {"index": index})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="needs no --index-upload"):
        Settings.of(**given, index_upload="http://h/")  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["upstream", "index", "index_upload"])
def test_no_password_is_an_argument(tmp_path: Path, option: str) -> None:
    given = {"upstream": "none", option: "https://ada:s3cret@pypi.lab/simple"}
    with pytest.raises(UsageError, match="which everybody on this machine could read") as caught:
        Settings.of(home=tmp_path, **given)  # type: ignore[arg-type]  # strings all
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
