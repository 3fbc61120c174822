"""The engines that an operator chooses."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from park.errors import UsageError
from park_server.engine_choice import (
    EngineChoice,
    chosen_engines,
    reached_on_nodes,
    shared_on_nodes,
    store_of_nodes,
)


def test_without_a_word_jobs_run_here() -> None:
    assert chosen_engines([]) == (EngineChoice(name="local"),)


def test_the_first_is_the_default_and_a_cluster_may_have_its_partitions_named() -> None:
    assert chosen_engines(["slurm:main,long", "local"]) == (
        EngineChoice(name="slurm", partitions=("main", "long")),
        EngineChoice(name="local"),
    )


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["pbs"], "there are local, parsl, slurm"),
        (["local:main"], "there are local, parsl, slurm"),
        (["slurm:"], "expected names of partitions"),
        (["slurm:a b"], "expected names of partitions"),
        (["slurm:a", "slurm:b"], "slurm is given twice"),
    ],
)
def test_what_is_no_engine_is_refused(texts: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        chosen_engines(texts)


def test_the_store_of_nodes_is_a_whole_path_which_need_not_be_here() -> None:
    assert store_of_nodes(Path("/nowhere/park")) == Path("/nowhere/park")
    with pytest.raises(UsageError, match="--node-store park: expected a whole path"):
        store_of_nodes(Path("park"))


def test_pilots_may_have_parsls_own_configuration(tmp_path: Path) -> None:
    pytest.importorskip("parsl", reason="Parsl is not installed here")
    (tmp_path / "pilots.py").write_text("")
    assert chosen_engines(["parsl"]) == (EngineChoice(name="parsl"),)
    (choice,) = chosen_engines([f"parsl:{tmp_path / 'pilots.py'}"])
    assert choice.config == tmp_path / "pilots.py"
    with pytest.raises(UsageError, match="there is no file '/nowhere'"):
        chosen_engines(["parsl:/nowhere"])


def test_without_parsl_there_are_no_pilots(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("park_server.engine_choice.distribution", gone)
    with pytest.raises(UsageError, match="Parsl is not installed here"):
        chosen_engines(["parsl"])


def test_what_nodes_do_not_keep_apart_is_said() -> None:
    both = chosen_engines(["local", "slurm"])
    assert shared_on_nodes(both[:1], own_stores=False, accounts=False) == ()
    assert shared_on_nodes(both, own_stores=False, accounts=True) == ()
    assert shared_on_nodes(both, own_stores=False, accounts=False) == (
        "on the nodes of slurm jobs can change the folders of other jobs",
    )
    assert shared_on_nodes(both, own_stores=True, accounts=True) == (
        "on the nodes of slurm the jobs of all users run as one account",
    )


def test_what_is_reached_on_nodes_is_said_of_each_cluster() -> None:
    here, *clusters = (EngineChoice(name=name) for name in ("local", "slurm", "parsl"))
    assert reached_on_nodes([here]) == ()
    said = reached_on_nodes([here, *clusters])
    assert [line.partition(" jobs have the network")[0] for line in said] == [
        "on the nodes of slurm",
        "on the nodes of parsl",
    ]
