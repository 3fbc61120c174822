"""`park_server.envs.exchange`: when an old lock with a wheel exchanged is the new lock."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.utils import NormalizedName
from support.labs.environment_lab import lock_of, own_interpreter
from support.material.wheels import make_wheel

from park_server.envs.exchange import exchanged, same_requirements
from park_server.envs.pylock import LockedWheel, dump, load, select

BASE = "Metadata-Version: 2.1\nName: demo\nVersion: 1\nRequires-Python: >=3.11\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Requires-Dist: numpy>=1\n", "Requires-Dist: numpy>=1\nSummary: other\n"),
        ("Requires-Dist: a\nRequires-Dist: b\n", "Requires-Dist: b\nRequires-Dist: a\n"),
        ("Requires-Dist: Foo_Bar >= 1, <2\n", "Requires-Dist: foo-bar<2,>=1\n"),
        ("Requires-Dist: a; extra == 'x'\n", 'Requires-Dist: a; extra == "x"\n'),
        ("Provides-Extra: Plot\n", "Provides-Extra: plot\n"),
        ("Requires-Dist: not a requirement!\n", "Requires-Dist: not a requirement!\n"),
    ],
)
def test_the_same_demands(before: str, after: str) -> None:
    assert same_requirements(BASE + before, BASE.replace("Version: 1\n", "Version: 2\n") + after)


@pytest.mark.parametrize(
    "after",
    [
        "Requires-Dist: numpy>=2\n",
        "Requires-Dist: numpy\nRequires-Dist: scipy\n",
        "",
        "Requires-Dist: numpy\nProvides-Extra: plot\n",
        "Requires-Dist: numpy; sys_platform == 'linux'\n",
        "Requires-Dist: numpy[extra]\n",
    ],
)
def test_other_demands(after: str) -> None:
    assert not same_requirements(f"{BASE}Requires-Dist: numpy\n", BASE + after)


def test_another_python_is_another_demand() -> None:
    assert not same_requirements(BASE, BASE.replace(">=3.11", ">=3.12"))


def test_the_lock_selects_the_new_wheel_and_all_the_others(tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, name) for name in ("demo", "other")]
    new = LockedWheel(
        name=NormalizedName("demo"),
        version="1.1",
        filename="demo-1.1-py3-none-any.whl",
        sha256="1" * 64,
        size=7,
    )

    lock = exchanged(lock_of(wheels), {new.name: new})

    assert lock is not None
    before = {w.name: w for w in select(lock_of(wheels), own_interpreter()).wheels}
    after = {w.name: w for w in select(load(dump(lock)), own_interpreter()).wheels}
    assert after[new.name] == new
    other = NormalizedName("other")
    assert after[other] == before[other]


def test_a_project_that_the_lock_does_not_have_cannot_be_exchanged(tmp_path: Path) -> None:
    stranger = LockedWheel(
        name=NormalizedName("stranger"),
        version="1",
        filename="stranger-1-py3-none-any.whl",
        sha256="1" * 64,
    )

    assert exchanged(lock_of([make_wheel(tmp_path)]), {stranger.name: stranger}) is None
