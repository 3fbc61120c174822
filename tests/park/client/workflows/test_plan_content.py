"""What a plan notes: pieces of every kind, what they need of each other, and what ends it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import park
from park.client.submission.item import Item
from park.client.workflows.plan_content import PlanContent, kind_of
from park.errors import PlanEnds, UsageError
from park.model.states import NodeKind
from park.wire import FETCH, GraphEdge

ONE: Any = SimpleNamespace(url="https://one.example", transport=None)
TWO: Any = SimpleNamespace(url="https://two.example", transport=None)


def reference(job: str, what: str = "value") -> dict[str, str]:
    return {"$park": "reference", "job": job, "what": what}


def call(name: str, *args: Any, on: Any = ONE, when: Any = None) -> Item:
    document = {"entry_point": "m:f", "call": {"args": list(args), "kwargs": {}}}
    condition = {} if when is None else {"when": {"version": 1, "condition": when}}
    return Item(on, name, "m:f", document=document | condition)


def fetch(name: str, url: Any) -> Item:
    call: Any = {"args": [], "kwargs": {}}
    document = {"entry_point": FETCH, "call": call, "fetch": {"url": url}}
    return Item(ONE, name, FETCH, document=document)


def planned(*items: Item) -> PlanContent:
    plan = PlanContent()
    for item in items:
        plan.take(item)
    return plan


def test_each_kind_of_piece_is_known() -> None:
    assert kind_of(call("a")) is NodeKind.CALL
    assert kind_of(fetch("a", "https://x.example/a")) is NodeKind.FETCH
    assert kind_of(Item(ONE, "a", "mymodel", target=None)) is NodeKind.INSTALL


def test_needs_are_those_of_arguments_urls_and_conditions() -> None:
    graph = planned(
        call("a"),
        fetch("b", reference("a", "url")),
        call("c", {"x": [reference("b", "file")]}, when={"not": {"job": "a", "is": "failed"}}),
    ).graph()
    assert graph.edges == [
        GraphEdge(job="b", needed="a", how="url"),
        GraphEdge(job="c", needed="b", how="file"),
        GraphEdge(job="c", needed="a", how="failed"),
    ]


def test_a_fetch_is_shown_by_its_url_as_far_as_that_is_known() -> None:
    graph = planned(fetch("a", "https://x.example/a"), fetch("b", reference("a", "url"))).graph()
    assert [node.label for node in graph.nodes] == ["https://x.example/a", "what a job leaves"]


def test_services_are_named_where_there_are_several() -> None:
    alone = planned(call("a"), call("b")).graph()
    assert {node.service for node in alone.nodes} == {None}
    both = planned(call("a"), call("b", on=TWO)).graph()
    assert [node.service for node in both.nodes] == [ONE.url, TWO.url]


def test_what_was_there_before_is_in_the_graph_and_not_among_the_pieces() -> None:
    plan = planned(call("a", reference("earlier")))
    (_, earlier) = plan.graph().nodes
    assert (earlier.id, earlier.status) == ("earlier", "there")
    assert [item.id for item in plan.items] == ["a"]


def test_only_a_condition_that_is_more_than_completions_is_told() -> None:
    done = {"job": "a", "is": "completed"}
    plain, other = (
        planned(
            call("b", when={"all": [done, {"install": "i", "is": "completed"}]}),
            call("c", when={"any": [done, {"after": 5.0}]}),
        )
        .graph()
        .nodes[:2]
    )
    assert plain.why is None
    assert str(other.why).startswith("when ")
    assert "after 5 s" in str(other.why)


def test_a_condition_names_pieces_of_the_plan_by_what_they_are_called() -> None:
    nodes = planned(call("a", 3), call("b", when={"job": "a", "is": "failed"})).graph().nodes
    assert nodes[1].why == "when job a (f(3)) failed"


def test_as_json_a_piece_stands_in_the_stage_after_all_that_it_needs() -> None:
    when = {"job": "a", "is": "completed"}
    document = planned(call("b", reference("a")), call("a"), call("c", when=when)).as_json()
    assert {piece["id"]: piece["stage"] for piece in document["pieces"]} == {
        "a": 0,
        "b": 1,
        "c": 1,
    }
    assert document["pieces"][2]["when"] == {"version": 1, "condition": when}
    assert (document["environments"], document["ended"]) == ([], None)


def test_what_only_a_run_can_tell_ends_the_block_and_what_is_wrong_is_raised() -> None:
    with PlanContent() as plan:
        raise PlanEnds("a result is needed")
    assert plan.ended == "a result is needed"
    with pytest.raises(UsageError), PlanContent() as other:
        raise UsageError("something else")
    assert other.ended is None
    assert repr(planned(call("a"))) == "<Plan of 1 pieces>"
    assert isinstance(park.plan(), PlanContent)
