"""A topic hands every event to all who subscribed, in their order."""

from __future__ import annotations

from park_server.topic import Topic


def test_who_subscribed_first_acts_first() -> None:
    topic: Topic[str] = Topic()
    acted: list[tuple[int, str]] = []
    topic.subscribe(lambda event: acted.append((1, event)))
    topic.subscribe(lambda event: acted.append((2, event)))

    topic.publish("a")

    assert acted == [(1, "a"), (2, "a")]


def test_who_comes_later_does_not_hear_of_what_was() -> None:
    topic: Topic[str] = Topic()
    acted: list[str] = []
    topic.publish("a")
    topic.subscribe(acted.append)

    topic.publish("b")

    assert acted == ["b"]
