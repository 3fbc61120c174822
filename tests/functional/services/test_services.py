"""Which service is meant: names, URLs, tokens, and what is said where none answers."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_client import Client
    from support.services.park_service import ParkService


def test_services_are_named_used_and_forgotten(client: Client) -> None:
    client.run("service", "add", "first", "http://127.0.0.1:1/")
    (client.folder / "token").write_text("of-second")
    client.run("service", "add", "second", "https://example.org/park", "--token-file", "token")
    assert client.json("service", "list") == [
        {"name": "first", "url": "http://127.0.0.1:1", "default": True},
        {"name": "second", "url": "https://example.org/park", "default": False},
    ]
    client.run("service", "use", "second")
    assert client.run("service", "list").stdout == (
        "  first  http://127.0.0.1:1\n* second  https://example.org/park\n"
    )
    client.run("service", "remove", "second")
    assert [each["name"] for each in client.json("service", "list")] == ["first"]
    assert "no service named 'second'" in client.error("service", "use", "second", status=2)


def test_what_the_user_wrote_in_the_configuration_stays(client: Client) -> None:
    client.configuration.write_text("# mine\n[other]\nkey = 1  # why\n")
    client.run("service", "add", "first", "http://127.0.0.1:1")
    written = client.configuration.read_text()
    assert written.startswith("# mine\n")
    assert "[other]\nkey = 1  # why\n" in written


def test_the_only_service_of_this_machine_needs_no_name(client: Client) -> None:
    assert client.json("jobs") is not None


def test_a_service_by_name_by_url_and_by_variable(client: Client, service: ParkService) -> None:
    token_file = str(service.home / "token")
    client.run("service", "add", "here", service.url, "--token-file", token_file)
    client.run("service", "add", "gone", "http://127.0.0.1:1", "--token-file", token_file)
    client.run("service", "use", "gone")
    client.error("jobs", status=3)
    for options in (("--service", "here"), ("-s", service.url)):
        client.run("jobs", *options)
    client.with_variables(PARK_SERVICE="here").run("jobs")
    assert "no service named 'nowhere'" in client.error("jobs", "-s", "nowhere", status=2)


def test_park_token_opens_a_service_of_another_machine(
    client: Client, service: ParkService, tmp_path: Path
) -> None:
    other_state = str(tmp_path / "other-machine")
    elsewhere = client.with_variables(PARK_STATE_DIR=other_state)
    assert "without a token" in elsewhere.error("jobs", "-s", service.url, status=4)
    both = {"PARK_TOKEN": service.token, "PARK_SERVICE": service.url}
    elsewhere.with_variables(**both).run("jobs")
    elsewhere.with_variables(PARK_TOKEN=f"{service.url} {service.token}").run(
        "jobs", "-s", service.url
    )
    alone = elsewhere.with_variables(PARK_TOKEN=service.token)
    assert "does not say which service" in alone.error("jobs", "-s", service.url, status=4)


def test_a_wrong_token_is_not_permitted(service: ParkService, client: Client) -> None:
    message = client.with_variables(PARK_TOKEN="wrong").error("jobs", status=4)
    said = f"this service does not know the token\nhint: log in: park login {service.url}; "
    assert message.startswith(said)
    assert "wrong" not in message


def test_where_nothing_answers_one_clear_line_says_so(client: Client) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # ours, and nobody listens
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        elsewhere = client.with_variables(PARK_TOKEN="any")
        for command in (
            ["jobs"],
            ["versions"],
            ["status", "x"],
            ["run", "a:b", "--lock", "abcdef"],
        ):
            message = elsewhere.error(*command, "-s", url, status=3)
            first, hint = message.splitlines()
            assert first.startswith(f"nothing answers at {url}: ")
            assert hint.startswith("hint: is the service running")


def test_what_is_no_park_service_is_told_so(client: Client) -> None:
    for url in ("file:///tmp", "localhost:80"):
        assert "not the URL" in client.error("service", "add", "odd", url, status=2)
