"""The page about standbys says what they say; functional/homes/test_standby has them."""

from __future__ import annotations

import asyncio
import inspect
import re
import socket
from pathlib import Path

import httpx2
from support.session.limits import LIMIT_S

from park.cli.main import command_parsers
from park_server.process.leader_socket import bound
from park_server.process.listeners import Listeners
from park_server.process.standby import stand_by
from park_server.serving.standing_by import Standby

PAGE = (Path(__file__).parents[3] / "docs" / "operate" / "standby.md").read_text(encoding="utf-8")


def test_its_command_is_one() -> None:
    (line,) = re.findall(r"^\$ park serve (.*)$", PAGE, re.MULTILINE)
    options = command_parsers()["serve"].parse_args(line.split())
    assert options.standby
    said = inspect.getsource(Standby)
    assert "park stands by for {home.path} at " in said
    assert "park takes {home.path} over" in said
    assert "`park takes /var/lib/park\nover`" in PAGE


def test_what_it_answers_is_what_the_page_says(tmp_path: Path) -> None:
    async def test() -> dict[str, httpx2.Response]:
        ended = asyncio.Event()

        async def take() -> bool | None:
            return True if ended.is_set() else None

        with socket.create_server(("127.0.0.1", 0)) as outer:
            url = f"http://127.0.0.1:{outer.getsockname()[1]}"
            waiting = asyncio.create_task(
                stand_by(Listeners(url=url, outer=outer), take, tmp_path / "leader")
            )
            async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
                paths = ("/health", "/ready", "/api/v1")
                found = {path: await client.get(f"{url}{path}") for path in paths}
                with bound(tmp_path / "leader"):
                    found["led"] = await client.get(f"{url}/ready")
            ended.set()
            await waiting
        return found

    found = asyncio.run(test())
    assert f"`/health` with `{found['/health'].text}`" in PAGE
    assert (found["/ready"].status_code, found["/ready"].json()["status"]) == (503, "standby")
    assert (found["led"].status_code, found["led"].json()["status"]) == (200, "standby")
    assert "`/ready` with 200 and the same\nstatus, or 503 where no leader answers" in PAGE
    assert found["/api/v1"].status_code == 503
    retry = f"Retry-After: {found['/api/v1'].headers['retry-after']}"
    assert f"503 and `{retry}`" in PAGE
