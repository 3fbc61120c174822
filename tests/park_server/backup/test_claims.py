from __future__ import annotations

import json
import os

from park.runtime.processes import Identity, identity
from park_server.backup.claims import of_nobody


def test_a_claim_of_a_process_that_lives_is_that_of_one_that_does_not() -> None:
    here = identity(os.getpid())
    assert here is not None
    assert here.is_alive()
    claim = json.loads(of_nobody("attempt-3", json.dumps(here.as_record())))
    restored = Identity.from_record(claim)
    assert restored is not None
    assert restored.pid == here.pid
    assert not restored.is_alive()


def test_other_links_stay_as_they_are() -> None:
    claim = json.dumps({"boot": "x"})
    assert of_nobody("work", claim) == claim
    assert of_nobody("attempt-1", "/elsewhere") == "/elsewhere"
    assert of_nobody("attempt-1", "[1]") == "[1]"
