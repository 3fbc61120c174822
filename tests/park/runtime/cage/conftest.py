"""A home, as services have one, for root and for an ordinary user."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support.faults.caged import USERS, ran_in_cage
from support.faults.ordinary_user import folder_of_ordinary_user, give_to_ordinary_user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=USERS)
def who(request: pytest.FixtureRequest) -> str:
    """Name who is in the cage."""
    found: str = request.param
    return found


@pytest.fixture
def home(who: str) -> Iterator[Path]:
    """Make a home with secrets, folders of two jobs, and a cache of which one part is needed."""
    if sys.platform != "linux":
        pytest.skip("namespaces are Linux's")
    with folder_of_ordinary_user() as folder:
        for name in ("index", "jobs/one/work", "jobs/other", "cache/numba/one", "cache/uv"):
            (folder / name).mkdir(parents=True)
        for name in ("token", "index/wheel", "jobs/other/call.json", "cache/uv/w", "store"):
            (folder / name).write_text("s3cret")
        (folder / "link").symlink_to("token")
        if who == "ordinary":
            give_to_ordinary_user(folder)
        (can,) = ran_in_cage(who, folder, "tell(can=protect.protect([home]))")
        if not can["can"]:
            pytest.skip("this machine permits no mount namespace")
        yield folder
