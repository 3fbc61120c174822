"""The service of today answers what the client of each release asks, as that one reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2
import pytest
from support.material.wire_of_releases import RELEASES, missing, recorded
from support.session.limits import LIMIT_S

from park.wire.api_version import HEADER, HERE, said, strangers

if TYPE_CHECKING:
    from support.services.park_client import Scientist
    from support.services.park_service import ParkService


class Asking:
    """Sends recorded requests to a service, with what is there in place of what was."""

    def __init__(self, service: ParkService, document: dict[str, Any]) -> None:
        (self.version, *_) = service.get("/api/v1/versions", project="light-model")
        self.ids = {"installs": str(uuid4()), "jobs": str(uuid4())}
        self.headers = {
            HEADER: document[HEADER],
            "Authorization": f"Bearer {service.token}",
        }
        self.url = service.url

    def ask(self, exchange: dict[str, Any]) -> httpx2.Response:
        """Return the answer of today."""
        return httpx2.request(
            exchange["method"],
            self.url + self._with_id(exchange["path"], exchange["path"]),
            params=exchange["params"],
            json=self._body(exchange),
            headers=self.headers,
            timeout=LIMIT_S,
        )

    def _with_id(self, text: str, path: str) -> str:
        return text.replace("{id}", self.ids["installs" if "/installs" in path else "jobs"])

    def _body(self, exchange: dict[str, Any]) -> Any:
        if exchange["body"] is None:
            return None
        body = json.loads(self._with_id(json.dumps(exchange["body"]), exchange["path"]))
        for each in body if isinstance(body, list) else [body]:
            for name in ("lock_hash", "set_hash"):
                if each.get(name) is not None:
                    each[name] = self.version[name]
        return body


@pytest.mark.parametrize("release", RELEASES)
def test_what_it_asks_is_answered_as_it_reads_it(
    service: ParkService, scientist: Scientist, release: str
) -> None:
    assert scientist.answer
    document = recorded(release)
    client = said(document[HEADER])
    assert client is not None
    asking = Asking(service, document)
    if (found := strangers(client, HERE)) is not None:
        answer = asking.ask(document["exchanges"][0])
        assert (answer.status_code, answer.json()["detail"]) == (422, found[0])
        return
    for exchange in document["exchanges"]:
        answer = asking.ask(exchange)
        what = f"{exchange['method']} {exchange['path']}"
        assert answer.status_code == exchange["status"], f"{what}: {answer.text}"
        assert missing(exchange["answer"], answer.json(), what) == []
