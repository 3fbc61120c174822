"""`park_server.jobs.engines.cages`: what a fork server is told, for whom."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.labs.job_lab import cages_of_operator
from support.material.open_doors import nobody

from park_server.accounts.account import Account
from park_server.jobs.engines.cages import Cage, Cages, prepare_for
from park_server.jobs.engines.control_groups import almost_all_memory
from park_server.jobs.engines.isolation import UNTRIED, Isolations
from park_server.trust.policy import JobRules

if TYPE_CHECKING:
    from park_server.accounts.assignment import Accounts

HOME = Path("/srv/park")
CAN_ALL = replace(
    UNTRIED,
    covers=True,
    own_folders=True,
    temporary=True,
    processes=True,
    memory=True,
    own_processes=True,
    own_network=True,
)
OWN, TMP = HOME / "areas" / "v1" / "users" / "ada", HOME / "jobs" / ".lent" / "x" / "tmp"


class Given:
    """Accounts of which ada has one."""

    def of(self, user: str) -> Account | None:
        home = HOME / "homes" / "70000"
        return Account(name="ada", uid=70_000, gid=70_000, home=home) if user == "ada" else None


def cages(rules: JobRules | None = None) -> Cages:
    given: Accounts = Given()  # type: ignore[assignment]
    return Cages(
        home=HOME,
        isolations=Isolations(own=CAN_ALL, accounts=replace(CAN_ALL, account=True)),
        accounts=given,
        reached=[Path("/opt/python")],
        rules=lambda: rules or JobRules(),
        is_operator=lambda user: user == "root",
        own_folders=lambda _: [OWN],
    )


def test_a_user_has_an_account_and_a_tmp_and_sees_what_is_his() -> None:
    cage = cages().of("ada")
    words = cage.words_for(HOME / "cache" / "numba" / "one", TMP)
    assert {
        *("alone", "own-folder", "user=70000:70000:", f"tmp={TMP}", f"hide={HOME}"),
        *(f"reach={HOME}", "reach=/opt/python", f"show={OWN}", f"show={HOME}/homes/70000"),
        f"show={HOME}/cache/numba/one",
    } <= set(words)
    assert {word for word in words if word.startswith("keep=")} == {
        f"keep={name}" for name in ("envs", "jobs", "runtime", "store")
    }
    assert [word for word in words if word.startswith("network=")] == ["network=loopback"]


def test_his_programs_go_by_his_name_and_not_by_the_services() -> None:
    assert cages().of("ada").variables() == {
        "HOME": "/srv/park/homes/70000",
        "USER": "ada",
        "LOGNAME": "ada",
        "TMPDIR": None,
    }
    assert cages().of("root").variables() == {}


def test_the_operator_shares_the_tmp_of_the_machine_unless_told() -> None:
    assert not cages().of("root").has_tmp
    assert cages(JobRules(private_tmp=True)).of("root").has_tmp
    assert not cages(JobRules(private_tmp=False)).of("ada").has_tmp


def test_the_operator_sees_what_the_machine_runs_unless_told() -> None:
    def words(user: str, rules: JobRules | None = None) -> tuple[str, ...]:
        return cages(rules).of(user).words_for(HOME / "cache", TMP)

    assert "own-processes" in words("ada")
    assert "own-processes" not in words("root")
    assert "own-processes" in words("root", JobRules(own_processes=True))
    assert "own-processes" not in words("ada", JobRules(own_processes=False))
    assert cages().of("ada").digest != cages(JobRules(own_processes=False)).of("ada").digest


def networks(cage: Cage) -> list[str]:
    return [word for word in cage.words if word.startswith("network=")]


@pytest.mark.parametrize(("network", "said"), [("all", []), ("none", ["network=none"])])
def test_another_network_is_another_cage(network: str, said: list[str]) -> None:
    cage = cages(JobRules(network=network)).of("ada")
    assert networks(cage) == said
    assert cage.digest != cages().of("ada").digest
    assert cages().of("ada").digest == cages().of("ada").digest


def test_the_operator_has_the_network_of_the_machine_unless_told() -> None:
    assert networks(cages().of("root")) == []
    assert networks(cages(JobRules(network="loopback")).of("root")) == ["network=loopback"]


def test_where_the_machine_gives_none_a_network_is_asked_for_by_the_policy_alone() -> None:
    """Then the job fails, and says so: it does not run with more than it may have."""
    poor = Isolations(own=replace(CAN_ALL, own_network=False))
    there = replace(cages_of_operator(HOME, poor), is_operator=nobody)
    assert networks(there.of("bob")) == []
    there.rules = lambda: JobRules(network="none")
    assert networks(there.of("bob")) == ["network=none"]


def test_a_node_has_its_network_unless_the_policy_says_otherwise() -> None:
    """Jobs of several nodes speak to each other, and the folders of all jobs are shown."""
    words = cages().of("ada").words_on_nodes(OWN)
    assert not {word for word in words if word.startswith("network=")} | {"own-folder"} & set(words)
    assert {"alone", "user=70000:70000:", f"hide={HOME}", f"show={OWN}"} <= set(words)
    ruled = cages(JobRules(network="none")).of("ada")
    assert "network=none" in ruled.words_on_nodes(OWN)
    assert cages(JobRules(network="loopback")).of("ada").digest != cages().of("ada").digest


def test_what_the_machine_cannot_is_not_asked_for() -> None:
    plain = cages_of_operator(HOME).of("ada")
    assert plain.words_for(OWN, TMP)[0] == "alone"
    assert len(plain.words) == 2, plain.words


def test_without_control_groups_the_limits_of_accounts_and_processes_stand_in() -> None:
    there = cages()
    poor = replace(CAN_ALL, processes=False, memory=False)
    there.isolations = Isolations(own=poor, accounts=replace(poor, account=True))
    limits = [word for word in there.of("ada").words if word.startswith("limit=")]
    assert limits == [f"limit=data:{almost_all_memory()}", "limit=nproc:4096", "limit=core:0"]
    assert "limit=nproc:4096" not in there.of("root").words  # it counts all that root does
    there = cages_of_operator(HOME, Isolations(own=replace(poor, account=True)))
    assert "limit=nproc:4096" in there.of("root").words, "an ordinary user, in a user namespace"
    there.memory = 300 << 20
    assert f"limit=data:{300 << 20}" in there.of("bob").words, "what the operator said of memory"
    there.memory = 1 << 60
    assert f"limit=data:{almost_all_memory()}" in there.of("eve").words
    limits = [word for word in cages().of("ada").words if word.startswith("limit=")]
    assert limits == ["limit=core:0"]
    assert not any(word.startswith("limit=") for word in cages().of("root").words)


def test_folders_are_made_for_an_account(tmp_path: Path) -> None:
    me = Account(name="me", uid=os.geteuid(), gid=os.getegid(), home=tmp_path / "homes" / "me")
    prepare_for(me, [tmp_path / "a" / "b"], tmp_path / "tmp")
    for made in (me.home, tmp_path / "a" / "b", tmp_path / "tmp"):
        assert made.stat().st_mode & 0o777 == 0o700


def test_nothing_is_imported_ahead_where_that_would_reach_the_jobs_of_others() -> None:
    assert cages().of("ada").imports_ahead, "an account of its own"
    assert cages().of("root").imports_ahead, "the operator's"
    assert not cages().of("bob").imports_ahead
    assert "imports its module for itself" in str(cages().why_each("bob"))
    assert cages().why_each("root") is None
    assert cages(JobRules(imports_ahead=True)).of("bob").imports_ahead
    assert not cages(JobRules(imports_ahead=False)).of("root").imports_ahead
    plain = replace(cages_of_operator(HOME), is_operator=nobody)
    assert plain.of("bob").imports_ahead, "jobs are not kept from one another anyway"
