"""What the reference says of answers over HTTP: limits, headers, statuses, and who is refused."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.bearer import Bearer
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.faults.pipes import Pipe
    from support.services.park_client import Client, Scientist
    from support.services.park_service import ParkService


def ask(service: ParkService, method: str, path: str, **arguments: Any) -> httpx2.Response:
    """Send a request with the token; the answer may be an error."""
    auth = Bearer(service.token)
    return httpx2.request(method, f"{service.url}{path}", auth=auth, timeout=LIMIT_S, **arguments)


def refusal(answer: httpx2.Response, status: int, title: str) -> str:
    """Return what a problem document says; it must be one of ``status`` and ``title``."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == title
    return str(answer.json()["detail"])


@pytest.fixture(scope="module")
def client(scientist: Scientist) -> Client:
    return scientist.client


@pytest.fixture(scope="module")
def lock(client: Client) -> str:
    return str(client.json("install", "light_model")["lock_hash"])


def request_of(lock: str, **changes: Any) -> dict[str, Any]:
    """Return a request for a job that answers."""
    base = {
        "id": str(uuid.uuid4()),
        "entry_point": "light_model:answer",
        "call": {"args": [], "kwargs": {}},
        "lock_hash": lock,
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("jobs", {"limit": 0}),
        ("jobs", {"limit": 10_001}),
        ("jobs", {"status": "asleep"}),
        ("jobs/0199", {"wait": 31}),
        ("jobs/0199", {"wait": -1}),
        ("jobs/0199/result", {"wait": 31}),
        ("jobs/0199/logs/stdout", {"offset": -1}),
        ("events", {"limit": 10_001}),
        ("events", {"wait": 31}),
        ("installs/0199", {"wait": 31}),
    ],
)
def test_a_query_beyond_its_limits_is_refused_with_its_name(
    service: ParkService, path: str, query: Mapping[str, Any]
) -> None:
    answer = ask(service, "GET", f"/api/v1/{path}", params=query)
    (name,) = query
    assert name in refusal(answer, 400, "UsageError")


def test_leaves_beyond_the_limit_are_refused(service: ParkService) -> None:
    leaves = [{"leaf": {"job": "0199", "is": "completed"}}] * 20_001
    answer = ask(service, "POST", "/api/v1/follow", json={"leaves": leaves})
    assert "20001 leaves" in refusal(answer, 400, "UsageError")
    known = ask(service, "POST", "/api/v1/follow", json={"leaves": leaves[:1], "wait": 30})
    (verdict,) = known.json()
    assert verdict["truth"] == "never"  # at once: it is not here
    assert "0199" in verdict["why"]


@pytest.mark.parametrize("node", [{"after": 1}, {"not": {"job": "0199", "is": "completed"}}])
def test_what_is_no_leaf_of_this_service_is_not_followed(
    service: ParkService, node: dict[str, Any]
) -> None:
    answer = ask(service, "POST", "/api/v1/follow", json={"leaves": [{"leaf": node}]})
    assert "not a leaf" in refusal(answer, 400, "UsageError")


def test_an_input_is_kept_under_its_own_digest_only(service: ParkService) -> None:
    content = b"counts of this test alone"
    digest, other = hashlib.sha256(content).hexdigest(), "0" * 64
    place = "/api/v1/files"
    assert service.get(f"{place}/{digest}/present") == {"present": False}
    assert ask(service, "PUT", f"{place}/{digest}", content=content).status_code == 204
    assert ask(service, "PUT", f"{place}/{digest}", content=content).status_code == 204
    assert service.get(f"{place}/{digest}/present") == {"present": True}
    refusal(ask(service, "PUT", f"{place}/{other}", content=content), 400, "InvalidUpload")
    assert service.get(f"{place}/{other}/present") == {"present": False}


@pytest.mark.parametrize(
    "change",
    [
        {"install": "0199"},  # and a lock
        {"lock_hash": None},  # and no install
        {"id": "../0199"},
        {"id": "x" * 65},
        {"entry_point": "light_model"},
        {"when": {"version": 2, "condition": {"after": 1}}},
        {"when": {"version": 1, "condition": {"moon": "full"}}},
    ],
    ids=str,
)
def test_a_request_that_is_wrong_takes_its_whole_batch_with_it(
    service: ParkService, lock: str, change: dict[str, Any]
) -> None:
    good, bad = request_of(lock), request_of(lock, **change)
    answer = ask(service, "POST", "/api/v1/jobs", json=[good, bad])
    assert answer.status_code == 400, answer.text
    assert ask(service, "GET", f"/api/v1/jobs/{good['id']}").status_code == 404


def test_what_a_job_needs_must_be_there_and_its_environment_too(
    service: ParkService, lock: str
) -> None:
    when = {"version": 1, "condition": {"job": str(uuid.uuid4()), "is": "completed"}}
    answer = ask(service, "POST", "/api/v1/jobs", json=[request_of(lock, when=when)])
    refusal(answer, 404, "UnknownItem")
    answer = ask(service, "POST", "/api/v1/jobs", json=[request_of("0" * 64)])
    refusal(answer, 409, "EnvironmentMismatch")
    answer = ask(service, "POST", "/api/v1/jobs", json=[request_of(lock, set_hash="0" * 64)])
    refusal(answer, 409, "EnvironmentMismatch")


def test_the_same_request_again_is_the_same_job(service: ParkService, lock: str) -> None:
    request = request_of(lock)
    (first,) = ask(service, "POST", "/api/v1/jobs", json=[request]).json()
    ended = service.job_when_final(first["id"])
    (again,) = ask(service, "POST", "/api/v1/jobs", json=[request]).json()
    assert (again["id"], again["status"]) == (request["id"], "completed")
    assert (again["attempt"], again["finished"]) == (1, ended["finished"])


def test_an_install_that_contradicts_itself_is_refused(
    service: ParkService, python_minor: str
) -> None:
    pins = [{"name": "demo", "version": "1.0+t0123456789abcdef"}]
    wheel = {
        "name": "demo",
        "version": "2.0+t0123456789abcdef",
        "filename": "demo-2.0+t0123456789abcdef-py3-none-any.whl",
        "sha256": "0" * 64,
        "size": 1,
    }
    request = {"project": "demo", "version": pins[0]["version"], "python": python_minor}
    for wrong in (
        {"pins": pins},  # a tree without its wheel
        {"pins": pins, "wheels": [wheel]},  # the wheel of another version
        {"pins": [{"name": "other", "version": "1"}]},  # the root is not among them
        {"pins": [*pins, {"name": "demo", "version": "3"}]},
    ):
        body = {"id": str(uuid.uuid4())} | request | wrong
        refusal(ask(service, "POST", "/api/v1/installs", json=body), 400, "UsageError")
        assert ask(service, "GET", f"/api/v1/installs/{body['id']}").status_code == 404


def test_a_lock_is_had_by_the_beginning_of_its_hash(service: ParkService, lock: str) -> None:
    answer = ask(service, "GET", f"/api/v1/locks/{lock[:8]}")
    assert answer.headers["content-type"].startswith("application/toml")
    assert answer.headers["x-park-lock-hash"] == lock
    assert 'lock-version = "1.0"' in answer.text
    for prefix in (lock[:5], "0" * 8):
        refusal(ask(service, "GET", f"/api/v1/locks/{prefix}"), 404, "UnknownItem")
        refusal(ask(service, "GET", f"/api/v1/environments/{prefix}"), 404, "UnknownItem")


def test_what_the_disk_holds_is_told(service: ParkService, lock: str) -> None:
    found = service.get("/api/v1/storage")
    assert found["quota_bytes"] is None
    assert found["environments"] >= 1
    assert found["wheels"] >= 3  # the model, sortedcontainers, packaging
    # each of them costs less than the wheels that they share
    assert 0 < found["environments_bytes"] / found["environments"] < found["store_bytes"]
    assert (service.home / "envs" / "v1" / lock).is_dir()


def test_logs_come_from_an_offset_and_say_when_no_more_will_come(
    service: ParkService, client: Client
) -> None:
    job = client.submit("light_model:talk", out="one two", err="three")
    service.job_when_final(job)
    logs = f"/api/v1/jobs/{job}/logs"
    whole = ask(service, "GET", f"{logs}/stdout", params={"wait": 30})
    assert (whole.text, whole.headers["x-park-final"]) == ("one two\n", "true")
    assert whole.headers["content-type"] == "application/octet-stream"
    rest = ask(service, "GET", f"{logs}/stdout", params={"offset": 4})
    assert rest.text == "two\n"
    end = ask(service, "GET", f"{logs}/stdout", params={"offset": 8, "wait": 30})
    assert (end.content, end.headers["x-park-final"]) == (b"", "true")
    assert ask(service, "GET", f"{logs}/stderr").text == "three\n"
    assert ask(service, "GET", f"{logs}/stdin").status_code in {400, 404}


def test_a_job_that_runs_has_neither_result_nor_the_last_of_its_logs(
    service: ParkService, client: Client, up: Pipe, go: Pipe
) -> None:
    job = client.submit("light_model:hold", up=str(up), go=str(go), runs="runs")
    up.receive()
    answer = service.get(f"/api/v1/jobs/{job}/result")
    assert set(answer) == {"job"}
    assert answer["job"]["status"] == "running"
    assert service.get(f"/api/v1/jobs/{job}/traceback") == {"traceback": None}
    log = ask(service, "GET", f"/api/v1/jobs/{job}/logs/stdout")
    assert (log.text, log.headers["x-park-final"]) == ("holding\n", "false")
    assert ask(service, "GET", f"/api/v1/jobs/{job}/files/runs").status_code == 404
    go.send("end")
    ended = service.get(f"/api/v1/jobs/{job}/result", wait=30)
    assert ended["result"] == "end"
    assert ended["job"]["pid"] is None


def test_a_file_of_a_job_comes_whole_or_in_part_under_its_digest(
    service: ParkService, client: Client
) -> None:
    job = client.submit("light_model:write", name="out/fit 1.txt", text="chisq 1.9")
    service.job_when_final(job)
    place = f"/api/v1/jobs/{job}/files/out/fit%201.txt"
    whole = ask(service, "GET", place)
    assert whole.headers["etag"] == f'"{hashlib.sha256(b"chisq 1.9").hexdigest()}"'
    part = ask(service, "GET", place, headers={"Range": "bytes=6-"})
    assert (part.status_code, part.text) == (206, "1.9")
    absent = ask(service, "GET", f"/api/v1/jobs/{job}/files/fit.txt")
    assert "it has: out/fit 1.txt" in refusal(absent, 404, "UnknownItem")


def test_events_are_followed_by_asking_again_after_the_last(
    service: ParkService, client: Client
) -> None:
    newest = service.get("/api/v1/events", limit=10_000)[-1]["seq"]
    job = client.submit("light_model:answer", "--no-memo")
    service.job_when_final(job)
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["type"] != "completed":
        after = seen[-1]["seq"] if seen else newest
        found = service.get("/api/v1/events", after=after, limit=1, wait=30)
        assert len(found) == 1
        seen += [event for event in found if event["id"] == job] or found
    ours = [event for event in seen if event["id"] == job]
    assert [event["type"] for event in ours] == ["queued", "running", "completed"]
    assert {event["subject"] for event in ours} == {"job"}
    assert all(set(event) == {"seq", "time", "subject", "id", "type", "data"} for event in ours)


def test_what_the_service_is_has_no_secret_in_it(service: ParkService, python_minor: str) -> None:
    about = service.get("/api/v1")
    assert python_minor in about["pythons"]
    assert about["trees_url"] == f"{service.url}/trees/simple/"
    assert about["upload_url"] == f"{service.url}/legacy/"
    assert service.token not in json.dumps(about)


def test_grants_beyond_the_limits_are_refused(service: ParkService) -> None:
    names = [f"~/{number}" for number in range(20_001)]
    bodies: tuple[dict[str, Any], ...] = (
        {"files": names},
        {"files": names[:1], "expires_s": 31 * 86_400.0},
        {"files": names[:1], "renewable_s": 31 * 86_400.0},
    )
    for body in ({**each, "holder": "K" * 43} for each in bodies):
        refusal(ask(service, "POST", "/api/v1/grants", json=body), 400, "UsageError")


def test_files_of_ones_area_are_written_read_in_part_and_removed(service: ParkService) -> None:
    files, folders = "/api/v1/areas/files", "/api/v1/areas/folders"
    put = ask(service, "PUT", f"{files}/~/answers/deep/run.refl", content=b"q r dr")
    owner = service.get("/api/v1")["user"]
    assert put.json() == {"path": f"~{owner}/answers/deep/run.refl"}
    (entry,) = service.get(f"{folders}/~/answers/deep")
    assert (entry["name"], entry["kind"], entry["size"]) == ("run.refl", "file", 6)
    place = f"{files}/~/answers/deep/run.refl"
    whole, part = (
        ask(service, "GET", place),
        ask(service, "GET", place, headers={"Range": "bytes=4-"}),
    )
    assert (part.status_code, part.text) == (206, "dr")
    assert whole.headers["etag"] == part.headers["etag"]
    refusal(ask(service, "PUT", f"{files}/~/answers", content=b""), 409, "Conflict")
    refusal(ask(service, "DELETE", f"{files}/~/answers"), 409, "Conflict")
    refusal(ask(service, "PUT", f"{files}/~nobody/x", content=b""), 403, "NotPermitted")
    removed = ask(service, "DELETE", f"{files}/~/answers", params={"recursive": True})
    assert removed.status_code == 204
    refusal(ask(service, "GET", place), 404, "UnknownItem")
