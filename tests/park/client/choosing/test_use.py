"""`park.client.choosing.use`: what is said of a project beforehand, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from support.material.environments import pinned_environment

from park.client.access.config import Configuration, ConfiguredService
from park.client.choosing.use import keep_use, kept_use, use_of
from park.errors import UsageError

DEMO = canonicalize_name("demo")
URL = "https://lab.example.org/park"


def allowed(*, versions: str | None = None, lock: str | None = None) -> list[str]:
    use = use_of("Demo", versions, lock=lock)
    there = ["1.2.0", "1.2.7rc1", "1.3", "1.2+t0000000000000000", "today"]
    return [each.version for each in use.among(pinned_environment(demo=v) for v in there)]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ("==1.2.*", ["1.2.0", "1.2.7rc1", "1.2+t0000000000000000"]),
        ("==1.3", ["1.3"]),
        (">=2", []),
    ],
)
def test_versions_are_a_specifier(versions: str, expected: list[str]) -> None:
    assert allowed(versions=versions) == expected


def test_a_lock_is_known_by_its_beginning() -> None:
    assert len(allowed(lock="1" * 6)) == 5
    assert allowed(lock="2" * 12) == []
    assert use_of("demo", lock="1" * 6).said == "lock 111111"


@pytest.mark.parametrize(
    ("versions", "lock", "match"),
    [
        (None, None, "one of the two"),
        ("==1", "1" * 6, "one of the two"),
        ("1.2", None, "no version specifier"),
        (None, "12345", "no lock hash"),
        (None, "mymodel", "no lock hash"),
    ],
)
def test_what_says_nothing_is_refused(versions: str | None, lock: str | None, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        use_of("demo", versions, lock=lock)


def test_it_is_kept_for_one_service_and_forgotten_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    monkeypatch.setenv("PARK_CONFIG", str(file))
    keep_use(URL, DEMO, None)
    assert not file.exists()
    Configuration(file).add(ConfiguredService(name="lab", url=URL))
    keep_use(f"{URL}/", DEMO, "ab" * 32)
    kept = kept_use(URL, DEMO)
    assert kept is not None
    assert kept.lock == "ab" * 32
    assert kept_use("https://other.example.org", DEMO) is None
    keep_use(URL, DEMO, None)
    assert kept_use(URL, DEMO) is None
    assert Configuration(file).default == "lab"


@pytest.mark.parametrize("text", ["use = 1", f'use."{URL}" = 1', f'[use."{URL}"]\ndemo = 1'])
def test_a_table_of_another_shape_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    monkeypatch.setenv("PARK_CONFIG", str(file))
    with pytest.raises(UsageError, match="'use' is not a table of URLs, projects and locks"):
        kept_use(URL, DEMO)
