"""A service with jobs of every kind, submitted as a client does, for who looks at its page."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService

from park.model.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["PageLab", "after", "page_lab", "value_of"]


def value_of(job: str) -> dict[str, Any]:
    """Return the argument that stands for what ``job`` returns."""
    return {"$park": "reference", "job": job, "what": "value"}


def after(*jobs: str) -> dict[str, Any]:
    """Return the condition that all of ``jobs`` have completed."""
    leaves = [{"job": each, "is": "completed"} for each in jobs]
    return {"version": 1, "condition": leaves[0] if len(leaves) == 1 else {"all": leaves}}


@dataclass(frozen=True, slots=True)
class PageLab:
    """The service, its operator's client, and the environment of ``page-model``, in ``tree``."""

    service: ParkService
    client: Client
    lock_hash: str
    set_hash: str
    tree: Path

    def call(self, function: str, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the request of one call; ``options`` are keys of a job's request."""
        kwargs = options.pop("kwargs", {})
        return {
            "id": new_id(),
            "entry_point": f"page_model:{function}",
            "call": {"args": list(args), "kwargs": kwargs},
            "lock_hash": self.lock_hash,
            "set_hash": self.set_hash,
            **options,
        }

    def submit(self, *requests: dict[str, Any], token: str | None = None) -> list[str]:
        """Submit jobs together; return their ids."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.service.request("POST", "/api/v1/jobs", json=list(requests), headers=headers)
        return [each["id"] for each in requests]


@contextmanager
def page_lab(folder: Path) -> Iterator[PageLab]:
    """Run a service below ``folder`` that has the environment of the model whose jobs are seen."""
    with ParkService(folder / "service", "--slots", "3", "--pool", "beamtime=2") as service:
        model = ModelTree("page-model", folder / "models")
        python = make_virtualenv(folder / "venv", model.root)
        client = Client.of(python, folder / "client", cache=folder / "cache", service=service)
        installed = client.json("install", "page_model")
        yield PageLab(service, client, installed["lock_hash"], installed["set_hash"], model.root)
