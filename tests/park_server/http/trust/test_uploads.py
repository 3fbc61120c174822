from __future__ import annotations

from types import SimpleNamespace

import pytest

from park.errors import NotPermitted
from park_server.http.trust.uploads import require_release, require_uploads
from park_server.trust.identity import Caller
from park_server.trust.rights import USUAL, Rights


def bob(*roles: str) -> Caller:
    return Caller(user="bob", rights=Rights.of(roles) if roles else USUAL)


def test_what_one_sends_must_be_of_ones_projects() -> None:
    sent = [SimpleNamespace(name="Lab_Model"), SimpleNamespace(name="other")]
    require_uploads(bob(), sent)
    require_uploads(bob("upload:lab-*"), sent[:1])
    require_uploads(bob("realise"), [])
    with pytest.raises(NotPermitted, match="bob may not upload other"):
        require_uploads(bob("upload:lab-*"), sent)


@pytest.mark.parametrize(
    ("caller", "owners"),
    [
        (bob(), set()),
        (bob(), {"ada", "bob"}),
        (bob("upload:demo"), {"ada"}),
        (bob("upload:de*"), {"ada"}),
        (bob("upload", "operate"), {"ada"}),
    ],
)
def test_a_release_is_for_who_made_the_first_or_is_named(caller: Caller, owners: set[str]) -> None:
    require_release(caller, "demo", owners)


def test_a_release_of_anothers_project_is_refused() -> None:
    with pytest.raises(NotPermitted, match="demo is released here by ada, and not by bob"):
        require_release(bob(), "demo", {"ada"})
