"""What is connected with a job, as a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.labs.schedule_lab import USER, lab, run, value_of

from park.errors import UnknownItem
from park.model.conditions import JobIs, Phase
from park.model.references import Reference, What
from park.model.states import InstallState
from park_server.jobs.graph import graph

ELSEWHERE = "https://sns.example.org/park"


def test_a_graph_of_an_install_is_the_install(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a", install="install-of-ab")
            found = here.database.read(
                lambda c: graph(c, USER, ["install-of-ab"], here.scheduler.explainer().line)
            )
            assert [(each.id, each.kind) for each in found.nodes] == [("install-of-ab", "install")]

    run(test)


def test_a_graph_is_what_is_connected(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("i", InstallState.RESOLVING)
            far = Reference(job="far", what=What.FILE, service=ELSEWHERE)
            await here.submit("stranger", install="i")
            await here.submit("a", install="i")
            await here.submit("b", value_of("a"), far)
            await here.submit("c", when=JobIs(job="b", phase=Phase.FAILED))

            def line(connection: Any, row: Any) -> str:
                return here.scheduler.explainer().line(connection, row)

            found = here.database.read(lambda c: graph(c, USER, ["b"], line))
            assert {(node.id, node.kind, node.status) for node in found.nodes} == {
                ("a", "call", "waiting"),
                ("b", "call", "waiting"),
                ("c", "call", "waiting"),
                ("i", "install", "resolving"),
                ("far", "remote", "remote"),
            }
            assert {(edge.job, edge.needed, edge.how) for edge in found.edges} == {
                ("a", "i", "completed"),
                ("b", "a", "value"),
                ("b", "far", "file"),
                ("c", "b", "failed"),
            }
            assert found.complete
            assert here.database.read(lambda c: graph(c, USER, [], line)) == found
            with pytest.raises(UnknownItem):
                here.database.read(lambda c: graph(c, "bob", ["b"], line))

    run(test)


def test_a_large_graph_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("park_server.jobs.graph.MOST_NODES", 3)

    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            for job in "bcdef":
                await here.submit(job, value_of("a"))
            found = here.database.read(lambda c: graph(c, USER, ["a"], lambda *_: ""))
            assert (len(found.nodes), found.complete) == (3, False)

    run(test)
