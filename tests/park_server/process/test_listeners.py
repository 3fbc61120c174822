"""Where a service is connected to, and what it is called there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.stand_ins.file_server import Authority

from park.errors import UsageError
from park_server.entrance.settings import EntranceSettings
from park_server.process.listeners import Listeners, listening


@contextmanager
def listeners(host: str, entrance: EntranceSettings) -> Iterator[Listeners]:
    found = listening(host, 0, entrance)
    try:
        yield found
    finally:
        found.outer.close()
        if found.inner is not None:
            found.inner.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", ""])  # noqa: S104
def test_it_is_reached_from_this_machine_wherever_it_listens(host: str) -> None:
    with listeners(host, EntranceSettings.of(host=host, url="https://lab.example")) as found:
        port = found.outer.getsockname()[1]
        assert found.url == f"http://127.0.0.1:{port}"
        assert (found.inside, found.context_factory) == (None, None)


def test_with_tls_its_children_have_a_way_of_their_own_on_this_machine(tmp_path: Path) -> None:
    files = Authority(tmp_path).files("lab.example")
    entrance = EntranceSettings.of(host="", certificate=files.certificate, key=files.key)
    with listeners("localhost", entrance) as found:
        assert found.url == f"https://localhost:{found.outer.getsockname()[1]}"
        assert found.inner is not None
        assert found.inside == f"http://127.0.0.1:{found.inner.getsockname()[1]}"
        assert found.inner.getsockname()[0] == "127.0.0.1"
        assert found.context_factory is not None
        assert found.context_factory() is found.context


def test_with_tls_it_is_known_by_the_name_that_users_have(tmp_path: Path) -> None:
    files = Authority(tmp_path).files("lab.example")
    entrance = EntranceSettings.of(
        host="127.0.0.1", url="https://lab.example/park", certificate=files.certificate,
        key=files.key,
    )  # fmt: skip
    with listeners("127.0.0.1", entrance) as found:
        assert found.url == "https://lab.example/park"


def test_an_address_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1 port {port}"):
            listening("127.0.0.1", port, EntranceSettings.of(host="127.0.0.1"))
