"""Equal siblings are one node, and what is not equal is told apart."""

from __future__ import annotations

from park.model.states import NodeKind
from park.wire import GraphEdge, GraphNode
from park_server.page.equal_siblings import FEWEST, folded


def job(name: str, function: str = "m:f", status: str = "completed", **facts: str) -> GraphNode:
    return GraphNode(
        id=name,
        kind=NodeKind.CALL,
        label=f"{function}()",
        status=status,
        entry_point=function,
        **facts,  # type: ignore[arg-type]
    )


def needs(job: str, needed: str, how: str = "value") -> GraphEdge:
    return GraphEdge(job=job, needed=needed, how=how)


def test_a_sweep_is_one_node_with_its_counts() -> None:
    sims = [job(f"s{n}", "m:simulate", "failed" if n == 3 else "running") for n in range(24)]
    nodes = [job("a", "m:prepare"), *sims, job("z", "m:collect", "waiting")]
    edges = [needs(s.id, "a") for s in sims] + [needs("z", s.id) for s in sims]
    shown, links = folded(nodes, edges)
    assert [(each.label, each.counts) for each in shown] == [
        ("m:prepare()", {"completed": 1}),
        ("m:simulate", {"running": 23, "failed": 1}),
        ("m:collect()", {"waiting": 1}),
    ]
    assert [(each.needed, each.by) for each in links] == [("a", "group s0"), ("group s0", "z")]


def test_they_are_told_in_the_order_in_which_one_reads_them() -> None:
    sims = [job(f"s{n}", "m:simulate") for n in range(24)]
    nodes = [job("z", "m:collect"), *sims, job("f", "m:fit"), job("a", "m:prepare")]
    edges = [needs(s.id, "a") for s in sims] + [needs("z", s.id) for s in sims]
    edges += [needs("f", "a"), needs("z", "f"), needs("z", "a")]
    shown, _ = folded(nodes, edges)
    assert [each.entry_point for each in shown] == ["m:prepare", "m:simulate", "m:fit", "m:collect"]


def test_a_sweep_of_chains_is_one_chain() -> None:
    first = [job(f"a{n}", "m:simulate") for n in range(9)]
    then = [job(f"b{n}", "m:analyse") for n in range(9)]
    edges = [needs(f"b{n}", f"a{n}") for n in range(9)]
    shown, links = folded([*first, *then], edges)
    assert [sum(each.counts.values()) for each in shown] == [9, 9]
    assert [(each.needed, each.by) for each in links] == [("group a0", "group b0")]


def test_siblings_with_other_neighbours_are_others() -> None:
    nodes = [job(f"s{n}") for n in range(8)] + [job("x", "m:x"), job("y", "m:y")]
    edges = [needs(f"s{n}", "x" if n < 4 else "y") for n in range(8)]
    shown, _ = folded(nodes, edges)
    assert sorted(sum(each.counts.values()) for each in shown) == [1, 1, 4, 4]


def test_few_stay_apart_and_so_does_what_was_unfolded() -> None:
    few = [job(f"s{n}") for n in range(FEWEST - 1)]
    assert len(folded(few, [])[0]) == FEWEST - 1
    many = [job(f"s{n}") for n in range(FEWEST)]
    (one,) = folded(many, [])[0]
    assert one.is_foldable
    assert len(folded(many, [], unfolded=[one.key])[0]) == FEWEST


def test_the_first_failure_of_a_group_is_told() -> None:
    group = [job(f"s{n}", status="failed", why=f"no {n}") for n in range(5)]
    assert folded(group, [])[0][0].why == "no 0"


def test_a_condition_is_told_of_its_job() -> None:
    (shown,) = folded([job("a")], [], conditions={"a": "any of x, y"})[0]
    assert shown.condition == "any of x, y"


def test_a_long_chain_of_one_function_has_an_end() -> None:
    nodes = [job(f"n{n}") for n in range(300)]
    edges = [needs(f"n{n + 1}", f"n{n}") for n in range(299)]
    shown, links = folded(nodes, edges)
    assert len(shown) == 300
    assert len(links) == 299
