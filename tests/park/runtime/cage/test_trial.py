"""`park.runtime.cage.trial`: what is printed is what holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.faults.caged import ran_in_cage

from park.runtime.cage import landlock, system_calls, trial

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TRIAL = """
from park.runtime.cage import trial
for name in ("secret", "jobs/one", "jobs/other"):
    os.makedirs(f"{home}/trial/{name}")
open(f"{home}/trial/secret/file", "w").close()
words = WORDS
protect.arrange_mounts(lambda: way_in.arrange_covers(words))
way_in.leave_powers(words)
sys.stdout = said = io.StringIO()
trial.main(f"{home}/trial")
sys.stdout = sys.__stdout__
tell(found=said.getvalue().split())
"""


def test_what_can_be_had_is_found(who: str, home: Path) -> None:
    words = "['alone', 'own-folder', f'hide={home}/trial', 'keep=jobs']"
    (found,) = ran_in_cage(who, home, TRIAL.replace("WORDS", words))
    assert {trial.COVERS, trial.OWN_FOLDER} <= set(found["found"])


def test_what_is_not_covered_is_not_claimed(who: str, home: Path) -> None:
    (found,) = ran_in_cage(who, home, TRIAL.replace("WORDS", "['alone', 'own-folder']"))
    assert trial.COVERS not in found["found"]


def test_what_fails_is_not_to_be_had(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refused(_: str) -> None:
        raise OSError

    monkeypatch.setattr(trial, "OwnFolder", refused)
    for each in (landlock, system_calls):
        monkeypatch.setattr(each, "is_available", lambda: False)
    (home / trial.SECRET).mkdir()
    (home / trial.SECRET / "file").touch()
    trial.main(str(home))
    assert capfd.readouterr().out.split() == []
