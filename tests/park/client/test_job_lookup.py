"""Jobs that are taken up again by their ids, on whichever service has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import park
from park.errors import ServiceUnreachable

if TYPE_CHECKING:
    from pathlib import Path


def test_a_service_whose_token_is_gone_hides_no_job_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("secret")
    configuration = tmp_path / "park.toml"
    tables = {"gone": ("http://127.0.0.1:2", "absent"), "one": ("http://127.0.0.1:1", "token")}
    configuration.write_text(
        "".join(
            f'[services.{name}]\nurl = "{url}"\ntoken_file = "{tmp_path / token}"\n'
            for name, (url, token) in tables.items()
        )
    )
    for name, value in {"PARK_CONFIG": str(configuration), "PARK_STATE_DIR": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    for name in ("PARK_SERVICE", "PARK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ServiceUnreachable, match=r"at http://127.0.0.1:1"):
        park.get_job("nothing")
