"""What machines ask of a real service: probes without a token, metrics with the role for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.services.bearer import Bearer
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from support.services.park_client import Scientist
    from support.services.park_service import ParkService


def metrics_of(service: ParkService, token: str) -> dict[str, Any]:
    answer = httpx2.get(f"{service.url}/metrics", auth=Bearer(token), timeout=LIMIT_S)
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {
        sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): (
            sample.value
        )
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("path", "answered"),
    [("health", {"status": "ok"}), ("ready", {"status": "ready", "reasons": []})],
)
def test_probes_are_answered_without_a_token(
    service: ParkService, path: str, answered: dict[str, Any]
) -> None:
    answer = httpx2.get(f"{service.url}/{path}", timeout=LIMIT_S)
    assert (answer.status_code, answer.json()) == (200, answered)


def test_metrics_take_the_role_observe_which_opens_nothing_else(service: ParkService) -> None:
    assert httpx2.get(f"{service.url}/metrics", timeout=LIMIT_S).status_code == 401

    def token(*roles: str) -> str:
        body = {"scopes": list(roles)}
        return str(service.request("POST", "/api/v1/tokens", json=body).json()["token"])

    observes, queries = token("observe"), token("query", "submit", "operate")
    assert metrics_of(service, observes)["park_ready"] == 1.0
    refused = httpx2.get(f"{service.url}/metrics", auth=Bearer(queries), timeout=LIMIT_S)
    assert (refused.status_code, "the role observe" in refused.json()["detail"]) == (403, True)
    closed = httpx2.post(
        f"{service.url}/api/v1/clean", auth=Bearer(observes), json={}, timeout=LIMIT_S
    )
    assert closed.status_code == 403


def test_a_job_is_counted_with_its_times(service: ParkService, scientist: Scientist) -> None:
    before = metrics_of(service, service.token)
    scientist.client.run("run", "light_model:answer")
    after = metrics_of(service, service.token)

    def grown(name: str) -> float:
        return float(after[name] - before.get(name, 0.0))

    # others of this session may end meanwhile
    assert grown("park_jobs_ended_total local completed") >= 1
    for what in ("waiting", "running", "whole"):
        assert grown(f"park_job_{what}_seconds_count local") >= 1
    assert grown("park_database_changes_total") >= 3
    assert grown("park_http_requests_total api 200") >= 2
    assert after["park_environments ready"] >= 1
    assert after["park_store_bytes"] > 0
    assert after["park_installs_ended_total ready"] >= 1
