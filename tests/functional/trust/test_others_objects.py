"""Every route, asked by one user for what is another's: nothing is told, and nothing changed."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.material.wheels import make_wheel
from support.services.park_service import ParkService
from support.services.user_world import UserWorld
from support.session.limits import LIMIT_S

from park.local.python_minor import python_minor
from park.model.ids import new_id
from park.wire import API
from park_server.trust.access import TABLE, Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAME = "hers"
"""What is in the names that bob has heard of."""

SECRET = "5e3a91c7"
"""What is in all of ada's that somebody could be told, and in no name."""

MODULE = f"""
import pathlib

def measure(sample):
    print("{SECRET} said")
    pathlib.Path("{NAME}.txt").write_text("{SECRET} left")
    return sample + "{SECRET}"
""".encode()

DATA = f"{SECRET} measured".encode()
DIGEST = hashlib.sha256(DATA).hexdigest()
TREE = "1.0+t0123456789abcdef"
OF_ONESELF = ("/stream", "/tokens/refresh")
"""What ends with the one who asks, or does not end."""


@dataclass(frozen=True)
class Hers:
    """The names of what is ada's, which bob has heard of."""

    job: str
    waiting: str
    install: str
    lock: str
    grant: str
    token: str
    wheel: Path

    @property
    def parameters(self) -> Mapping[str, tuple[str, ...]]:
        """What each parameter of a path may be; ``{path:path}`` is named ``path``."""
        return {
            "job": (self.job, self.waiting),
            "install": (self.install,),
            "prefix": (self.lock, self.lock[:16]),
            "other": (self.lock,),
            "lock_hash": (self.lock,),
            "sha256": (DIGEST, _digest(self.wheel)),
            "grant": (self.grant,),
            "token": (self.token,),
            "wanted": (self.grant,),
            "path": (f"~ada/private/{NAME}.txt", "~ada/private", f"~/../ada/private/{NAME}.txt"),
            "stream": ("stdout",),
            "name": (f"{NAME}-model", f"{NAME}.txt", "result"),
            "project": (f"{NAME}-model",),
            "version": (TREE,),
            "filename": (self.wheel.name, f"{self.wheel.name}.metadata"),
            "whom": ("bob",),
            "user": ("ada",),
            "group": ("lab",),
            "what": (self.lock, f"{NAME}-model"),
        }

    def bodies(self, endpoint: Endpoint) -> list[Any]:
        """Return what is sent to an endpoint that takes a body: each of it names what is ada's."""
        value = {"$park": "reference", "job": self.job, "what": "value", "path": []}
        file = {"$park": "file", "sha256": DIGEST, "name": "data"}
        own = {"$park": "service-file", "path": f"~ada/private/{NAME}.txt"}
        call = {"id": new_id(), "entry_point": f"{NAME}:measure", "lock_hash": self.lock}
        fetch = {
            "id": new_id(), "entry_point": "park:fetch_url", "call": {"args": [], "kwargs": {}},
            "fetch": {"url": "https://example.org/run.zip"},
        }  # fmt: skip
        leaf = {"job": self.job, "is": "completed"}
        compared = {"compare": [{"reference": value}, "==", {"value": NAME}]}
        match (endpoint.method, endpoint.path.removeprefix(API)):
            case ("POST", "/jobs"):
                arguments: tuple[Any, ...] = ([value], [file], [own])
                calls: list[dict[str, Any]] = [
                    call | {"call": {"args": each, "kwargs": {}}} for each in arguments
                ]
                whens = [{"version": 1, "condition": each} for each in (leaf, compared)]
                later = {"after": 3600}
                both = [{"version": 1, "condition": {"all": [later, leaf]}}]
                return [
                    *([{**each, "id": new_id()}] for each in calls),
                    *([{**fetch, "id": new_id(), "when": each}] for each in [*whens, *both]),
                    [{**fetch, "id": new_id(), "install": self.install}],
                    [{**fetch, "id": self.job}],
                ]
            case ("POST", "/follow"):
                return [{"leaves": [{"leaf": each}]} for each in (leaf, compared)]
            case ("POST", "/grants"):
                grant = {"holder": "K" * 43}
                files = {"files": [f"~ada/private/{NAME}.txt"]}
                return [
                    grant | {"jobs": [self.job]},
                    grant | {"stops": [self.waiting]},
                    grant | files,
                ]
            case ("POST", "/installs"):
                pins = {"project": f"{NAME}-model", "version": TREE, "python": python_minor()}
                pin = {"name": f"{NAME}-model", "version": TREE}
                wheel: dict[str, Any] = pin | {
                    "filename": self.wheel.name,
                    "sha256": _digest(self.wheel),
                }
                wheel |= {"size": self.wheel.stat().st_size}
                request = pins | {"pins": [pin]}
                return [
                    request | {"id": new_id(), "wheels": [wheel]},
                    request | {"id": new_id(), "wheels": []},
                    request | {"id": self.install, "wheels": [wheel]},
                ]
        return [None, {}]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserWorld]:
    root = tmp_path_factory.mktemp("others")
    with ParkService(root, "--upstream", "none", "--trust-all") as service:
        yield UserWorld(service, root, {"attacks.py": b""})


@pytest.fixture(scope="module")
def hers(world: UserWorld, tmp_path_factory: pytest.TempPathFactory) -> Hers:
    """Have ada do something of everything."""
    wheel = make_wheel(
        tmp_path_factory.mktemp("wheel"), f"{NAME}_model", TREE, files={f"{NAME}.py": MODULE}
    )
    sent = httpx2.post(
        f"{world.service.url}/legacy/", timeout=LIMIT_S,
        headers={"Authorization": f"Bearer {world.tokens['ada']}"},
        data={":action": "file_upload", "protocol_version": "1"},
        files={"content": (wheel.name, wheel.read_bytes())},
    )  # fmt: skip
    assert sent.status_code == 200, sent.text
    install = new_id()
    pin = {"name": f"{NAME}-model", "version": TREE}
    file: dict[str, Any] = {
        "filename": wheel.name,
        "sha256": _digest(wheel),
        "size": wheel.stat().st_size,
    }
    request = {
        "id": install, "project": f"{NAME}-model", "version": TREE, "python": python_minor(),
        "pins": [pin], "wheels": [pin | file],
    }  # fmt: skip
    record = _done(world.ask("ada", "POST", "installs", json=request))
    while record["state"] not in {"ready", "failed"}:
        record = _done(
            world.ask("ada", "GET", f"installs/{install}?after={record['revision']}&wait=30")
        )
    assert record["state"] == "ready", record
    lock = record["lock_hash"]
    assert world.ask("ada", "PUT", f"files/{DIGEST}", content=DATA).status_code == 204
    put = world.ask("ada", "PUT", f"areas/files/~/private/{NAME}.txt", content=DATA)
    assert put.status_code == 200, put.text
    job, waiting = new_id(), new_id()
    call = {"entry_point": f"{NAME}:measure", "lock_hash": lock, "label": f"{SECRET} label"}
    first = call | {"id": job, "call": {"args": [SECRET], "kwargs": {}}}
    later = {"version": 1, "condition": {"after": 36_000}}
    second = call | {"id": waiting, "call": {"args": [SECRET], "kwargs": {}}, "when": later}
    _done(world.ask("ada", "POST", "jobs", json=[first, second]))
    assert world.record("ada", job)["status"] == "completed"
    grant = _done(world.ask("ada", "POST", "grants", json={"jobs": [job], "holder": "K" * 43}))
    token = _done(world.ask("ada", "POST", "tokens", json={"note": f"{SECRET} note"}))
    return Hers(
        job=job, waiting=waiting, install=install, lock=lock, grant=grant["id"],
        token=token["id"], wheel=wheel,
    )  # fmt: skip


def _done(answer: httpx2.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def paths(endpoint: Endpoint, hers: Hers) -> Iterator[str]:
    """Yield the path of ``endpoint`` with all that its parameters may be."""
    pieces = endpoint.path.replace(":path}", "}").split("{")
    names = [piece.partition("}")[0] for piece in pieces[1:]]
    for values in itertools.product(*(hers.parameters[name] for name in names)):
        path = pieces[0]
        for value, piece in zip(values, pieces[1:], strict=True):
            path += value + piece.partition("}")[2]
        yield path


def standing(world: UserWorld, hers: Hers) -> Any:
    """Return how all of ada's stands."""
    asked = (
        f"jobs/{hers.job}", f"jobs/{hers.waiting}", f"jobs/{hers.job}/result",
        f"installs/{hers.install}", f"environments/{hers.lock}", f"grants/{hers.grant}",
        f"areas/files/~/private/{NAME}.txt", f"jobs/{hers.job}/files/{NAME}.txt",
        f"files/{DIGEST}/present", "tokens", f"index/projects/{NAME}-model/shares",
    )  # fmt: skip
    found = {path: world.ask("ada", "GET", path) for path in asked}
    assert {path: each.status_code for path, each in found.items()} == dict.fromkeys(asked, 200)
    kept = {path: each.content for path, each in found.items() if path != "tokens"}
    return kept, hers.token in found["tokens"].text


def test_all_of_another_users_is_as_if_it_were_not_there(world: UserWorld, hers: Hers) -> None:
    before = standing(world, hers)
    told, failed, seen = [], [], set()
    with httpx2.Client(timeout=LIMIT_S) as client:
        for endpoint in TABLE:
            if endpoint.path.endswith(OF_ONESELF):
                continue
            for path, body in itertools.product(paths(endpoint, hers), hers.bodies(endpoint)):
                sent: dict[str, Any] = {} if body is None else {"json": body}
                headers = {"Authorization": f"Bearer {world.tokens['bob']}"}
                url = f"{world.service.url}{path}"
                answer = client.request(endpoint.method, url, headers=headers, **sent)
                what = f"{endpoint.method} {path}: {answer.status_code} {answer.text}"
                seen.add(answer.status_code)
                if SECRET in answer.text:
                    told.append(what)
                if answer.is_server_error:
                    failed.append(what)
                if answer.is_success and endpoint.path in {f"{API}/jobs", f"{API}/grants"}:
                    assert endpoint.method == "GET", what
    assert told == failed == []
    assert {200, 403, 404, 409} <= seen  # he was heard
    assert standing(world, hers) == before
    assert world.ask("bob", "GET", "jobs").json() == []
