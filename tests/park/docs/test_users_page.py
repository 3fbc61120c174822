"""The pages about users say what the program does: roles, numbers, commands, the policy."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from park.cli.main import whole_parser
from park.client.submission.outbox import _MOST_IN_A_BATCH
from park.wire import GrantRequest
from park_server.accounts.account import USUAL as USUAL_NUMBERS
from park_server.grants.costs import COMPARISON
from park_server.grants.grants import LONGEST_S, RENEWAL
from park_server.quotas import request_rate
from park_server.quotas.limits import USUAL_LIMITS, Limits
from park_server.trust import guessing, held_token, passwords
from park_server.trust.noted import failed_logins, folded_entries
from park_server.trust.policy import GrantLimits, JobRules, LoginPolicy
from park_server.trust.policy_file import read_policy
from park_server.trust.rights import USUAL, Role

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "many-users.md").read_text(encoding="utf-8")
THREATS = (ROOT / "docs" / "explanation" / "threat-model.md").read_text(encoding="utf-8")
TRUST = (ROOT / "docs" / "explanation" / "trust.md").read_text(encoding="utf-8")


def block(part: str) -> str:
    """Return the policy on the page that has ``part``."""
    (found,) = (text for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if part in text)
    return str(found)


def test_the_table_has_every_role() -> None:
    assert re.findall(r"^\| `([a-z]+)` \|", PAGE, re.MULTILINE) == list(Role)
    usual = "Without a policy each user has `query`, `submit`, `realise` and `upload`."
    assert re.findall("`([a-z]+)`", usual) == USUAL.spelled()
    assert usual in PAGE


def test_the_policy_on_the_page_is_understood() -> None:
    text = block("[users.ada]\nroles")
    policy = read_policy(text, "the page")
    assert policy.groups_of("bob") == {"reflectometry"}
    assert policy.rights_of("ada", policy.groups_of("ada")).spelled() == [
        *("query", "submit", "realise", "upload:refl-*", "operate"),
    ]


def test_the_limits_on_the_page_are_all_and_are_understood() -> None:
    text = block("[everybody.limits]")
    policy = read_policy(text, "the page")
    allowance = policy.allowance_of("ada", {"reflectometry": frozenset({"ada"})})
    assert allowance.own.running == math.inf
    assert allowance.together[0].limits.disk == 200 * 1024**3
    assert all(getattr(policy.limits, field.name) is not None for field in fields(Limits))
    assert "`batch` is 1,000 where nothing is said" in PAGE
    assert (USUAL_LIMITS.batch, _MOST_IN_A_BATCH) == (1_000, 1_000)
    assert "five seconds' worth may come at once" in PAGE
    assert request_rate._BURST_S == 5


def test_what_is_said_of_accounts_is_understood_and_what_is_usual() -> None:
    text = block("[jobs]")
    policy = read_policy(text, "the page")
    assert policy.jobs == JobRules(
        network="loopback",
        private_tmp=True,
        own_processes=True,
        imports_ahead=False,
        by_name=True,
    )
    assert (policy.account_of("ada"), policy.account_of("bob")) == ("ada-lovelace", "bob")
    assert read_policy("", "none").jobs == JobRules()
    assert f"({USUAL_NUMBERS.first}-{USUAL_NUMBERS.last} unless said" in PAGE


def test_every_command_on_the_page_is_one() -> None:
    commands = re.findall(r"^\$ park (.*)$", PAGE, re.MULTILINE)
    assert len(commands) > 15
    parser = whole_parser()
    for command in commands:
        parser.parse_args(command.split())


def test_times_and_numbers_are_those_of_the_program() -> None:
    assert "a token for 12 hours, which can be refreshed for 30 days" in PAGE
    assert (timedelta(hours=12), timedelta(days=30)) == (held_token.LOGIN, held_token.RENEWABLE)
    assert "After five that were wrong" in THREATS
    assert "up to a quarter of\nan hour" in THREATS
    assert (guessing._OF_BOTH, guessing._LONGEST_S) == (5, 900)
    assert "Two hashes are computed at a time, and sixteen logins may wait." in THREATS
    assert (passwords._AT_ONCE, passwords._MOST_WAITING) == (2, 16)


def test_what_a_grant_may_cost_stands_on_the_page_as_it_is() -> None:
    (text,) = re.findall(r"```toml\n(\[grants\]\n.*?)```", PAGE, re.DOTALL)
    assert read_policy(text, "the page").grants == GrantLimits()
    assert text.count("=") == len(fields(GrantLimits))
    assert f"compares values counts as {COMPARISON}" in text


def test_the_issuer_on_the_page_is_understood_and_has_every_key() -> None:
    (text,) = re.findall(r"```toml\n(\[login\]\n.*?)```", PAGE, re.DOTALL)
    login = read_policy(text, "the page").login
    assert login == LoginPolicy(
        issuer="https://auth.example.org",
        client="park",
        users={"248289761001": "ada"},
        groups={"beamline": "lab"},
    )
    for each in fields(LoginPolicy):
        assert each.name in text
    assert f'scope = "{login.scope}"' in text
    assert f'groups_claim = "{login.groups_claim}"' in text


def test_a_grant_is_as_long_and_as_bound_as_it_is_said() -> None:
    assert "is good for a day; the service that holds it renews it" in TRUST
    assert (GrantRequest().expires_s, GrantRequest().renewable_s) == (86_400, 30 * 86_400)
    assert timedelta(days=1) == RENEWAL
    assert "a day, unless renewed; 30 days at most" in THREATS
    assert LONGEST_S == 30 * 86_400
    assert "A grant alone opens nothing." in THREATS  # http/gate/test_grant_gate tries each way
    assert "[policy](../how-to/many-users.md#what-is-lent-to-other-services)" in TRUST
    assert "## What is lent to other services" in PAGE


def test_whose_processes_are_seen_is_said_as_it_is() -> None:
    assert "unless said, own for all but the operator" in PAGE  # test_cages, test_processes_apart
    assert 'Of the operator\'s jobs, and where the policy says\n`processes = "all"`' in THREATS
    assert "(`/proc/sys` and `/sys` are read-only)" in TRUST
    assert JobRules().own_processes is None


def test_whose_network_jobs_have_is_said_as_it_is() -> None:
    assert "unless said, loopback for all but the operator" in PAGE  # test_cages, test_accounts
    assert "Jobs of users have a loopback of their own, and no other network" in PAGE
    assert "jobs of users have a loopback of their own" in THREATS
    assert JobRules().network is None


def test_of_failed_logins_the_log_has_what_is_said() -> None:
    assert "first 200 of an hour stand there one by one, and the rest as one entry a minute" in PAGE
    assert failed_logins._ONE_BY_ONE == 200
    assert folded_entries._EVERY_S == 60


def test_whose_process_and_whose_file_it_is_is_not_for_the_attacker_to_say() -> None:
    assert "where the kernel says that the process is that job's" in THREATS  # test_claimants
    assert "a file is of what its own name says" in THREATS  # test_approved_downloads


def test_the_page_on_trust_leads_to_both() -> None:
    assert "(../how-to/many-users.md)" in TRUST
    assert "(threat-model.md)" in TRUST
