"""A list of nothing says so: silence could as well be a question that went wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.stand_ins.asked_service import asked_service

from park.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATHS = ("jobs", "index/projects", "grants", "approvals", "areas/folders/~")
ABOUT = {
    "version": "0.1.0", "user": "ada", "pythons": ["3.11"], "upstream": None,
    "index_url": "", "trees_url": "", "upload_url": "", "kept_by": None,
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a service that has nothing."""
    answers = {"/api/v1": ABOUT, **{f"/api/v1/{path}": [] for path in PATHS}}
    with asked_service(answers) as (url, _):
        monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
        monkeypatch.setenv("PARK_SERVICE", url)
        monkeypatch.setenv("PARK_TOKEN", "park_secret")
        yield


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("jobs", "you have no jobs there"),
        ("jobs --label film", "none of your jobs is such a one"),
        ("index list", "the index has no project"),
        ("grants", "nothing is lent now"),
        ("admin approvals", "nothing is approved"),
        ("files list ~", "nothing is in ~"),
        ("service list", "no service has a name"),
    ],
)
def test_it_says_so(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 0
    assert capsys.readouterr().out.startswith(said)
    assert main([*words.split(), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
