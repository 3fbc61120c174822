"""Every state of a life is an event that is declared, and nothing else is written."""

from __future__ import annotations

import pytest

from park.model.states import EnvironmentState, InstallState, JobState
from park_server.db.event_kinds import KINDS, check_kind


def test_each_state_is_an_event() -> None:
    for subject, states in (
        ("install", InstallState),
        ("environment", EnvironmentState),
        ("job", JobState),
    ):
        assert {str(state) for state in states} <= KINDS[subject].keys()


@pytest.mark.parametrize(("subject", "kind"), [("job", "realising"), ("jobs", "queued")])
def test_what_is_not_declared_is_not_written(subject: str, kind: str) -> None:
    with pytest.raises(ValueError, match="no event of the subject"):
        check_kind(subject, kind)
