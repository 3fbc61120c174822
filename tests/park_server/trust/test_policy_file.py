import math
from dataclasses import replace

import pytest

from park.errors import UsageError
from park_server.trust.policy import JobRules
from park_server.trust.policy_file import EXAMPLE, read_policy
from park_server.trust.rights import USUAL

GOOD = """
[everybody]
roles = ["query", "submit"]

[groups.reflectometry]
members = ["ada",
           "bob"]
roles = ["upload:refl-*"]

[users.ada]
roles = ["operate"]
"""


def test_a_policy_says_who_may_what() -> None:
    policy = read_policy(GOOD, "policy.toml")
    assert policy.everybody.spelled() == ["query", "submit"]
    assert policy.groups_of("bob") == {"reflectometry"}
    assert policy.groups["reflectometry"].rights.spelled() == ["upload:refl-*"]
    assert policy.users["ada"].spelled() == ["operate"]


LIMITED = """
[everybody.limits]
running = 16
waiting = 1000

[groups.lab]
members = ["ada", "bob"]
[groups.lab.limits]
running = 32
[groups.lab.together]
disk = "200 GB"

[users.ada.limits]
waiting = "none"
"""


def test_a_policy_says_how_much() -> None:
    policy = read_policy(LIMITED, "policy.toml")
    members = {"lab": frozenset({"ada", "bob"})}
    ada, eve = policy.allowance_of("ada", members), policy.allowance_of("eve", {})
    assert (ada.own.running, ada.own.waiting, ada.own.batch) == (32, math.inf, 1_000)
    assert [(each.group, each.limits.disk) for each in ada.together] == [("lab", 200 * 1024**3)]
    assert (eve.own.running, eve.own.waiting, eve.together) == (16, 1_000, ())
    assert read_policy(EXAMPLE, "p").allowance_of("eve", {}).own.running is None


def test_accounts_are_those_that_are_named() -> None:
    policy = read_policy("[users.ada]\naccount = 'lovelace'", "p")
    assert (policy.account_of("ada"), policy.account_of("bob")) == ("lovelace", None)
    same = read_policy("[jobs]\naccounts = 'same'", "p")
    assert same.account_of("bob") == "bob"


def test_what_jobs_may_have_is_said() -> None:
    text = "[jobs]\nnetwork = 'none'\ntmp = 'shared'\nprocesses = "
    said = JobRules(network="none", private_tmp=False)
    assert read_policy(f"{text}'all'", "p").jobs == replace(said, own_processes=False)
    assert read_policy(f"{text}'own'", "p").jobs == replace(said, own_processes=True)
    with pytest.raises(UsageError, match='processes is "own", "all"'):
        read_policy(f"{text}'none'", "p")


def test_the_level_of_the_log_is_said() -> None:
    assert read_policy("[log]\nlevel = 'debug'", "p").log_level == "debug"
    assert read_policy("", "p").log_level is None


def test_how_long_the_audit_log_keeps_is_said() -> None:
    assert read_policy("[audit]\nkeep = '26w'", "policy.toml").audit_kept_s == 26 * 7 * 86_400


def test_an_empty_file_and_the_example_say_what_is_usual() -> None:
    assert read_policy("", "p").everybody == USUAL
    assert read_policy(EXAMPLE, "p").everybody == USUAL


def test_everybody_may_be_left_with_nothing() -> None:
    assert read_policy("[everybody]\nroles = []", "p").everybody.spelled() == []


LOGIN = "[login]\nclient = 'park'\nissuer = 'https://auth.example'\n"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("\n[everybdy]\nroles = []", 2, "'everybdy' means nothing here"),
        ("[everybody]\nrole = []", 2, "'role' means nothing here; expected roles"),
        ("[everybody]\n\nroles = 'query'", 3, "must be a list of texts in quotes, not 'query'"),
        ("[everybody]\nroles = ['query', 1]", 2, "must be a list of texts"),
        ("[everybody]\nroles = ['root']", 2, "'root' is no role"),
        ("# first\n[groups.lab]\nmembers = ['A B']", 3, "'A B' is no name of a user"),
        ("[groups.'a b']\nroles = []", 1, "'a b' is no name of a group"),
        ("[groups]\nlab = ['ada']", 2, "groups.lab must be a table"),
        ("[users.ada]\nroles = []\n[users.bob]\nmembers = []", 4, "'members' means nothing"),
        ("[everybody]\n[everybody.limits]\nrunnin = 3", 3, "'runnin' means nothing here"),
        ("[users.ada.limits]\ndisk = 'all'", 2, "'all' is no size"),
        ("[groups.lab.together]\nshare = 2", 2, "'share' means nothing here; expected disk"),
        ("[users.ada]\nlimits = 3", 2, "users.ada.limits must be a table"),
        ("groups = 3", 1, "groups must be a table, not 3"),
        ("[users]\nada.roles = ['nothing']", 2, "'nothing' is no role"),
        ("[users.ada]\naccount = 5", 2, "account must be a text in quotes, not 5"),
        ("[jobs]\nnetwork = 'wifi'", 2, 'network is "all", "loopback", "none", not \'wifi\''),
        ("[jobs]\ntmp = true", 2, "tmp must be a text in quotes, not True"),
        (
            "[jobs]\n\nram = '1G'",
            3,
            "'ram' means nothing here; expected network, tmp, processes, imports, accounts",
        ),
        ("[log]\nlevel = 'loud'", 2, 'level is "debug", "info", "warning", "error", not'),
        ("[audit]\nkeep = '30d'", 2, "keep is 90d at least, not '30d'"),
        ("[audit]\nkeep = 'ever'", 2, "'ever' is no duration"),
        ("[audit]\nlogins = '1d'", 2, "'logins' means nothing here; expected keep"),
        ("[grants]\nunbound = 1", 2, "unbound is true or false, not 1"),
        ("[grants]\n\nleaves = 0", 3, "leaves must be a number above 0, not 0"),
        ("[grants]\nrequests = true", 2, "requests must be a number above 0"),
        ("[grants]\nbytes = 1", 2, "'bytes' means nothing here"),
        ("[login]\nissuer = 'https://auth.example'", 1, "login needs client"),
        ("[login]\nclient = 'park'", 1, "login needs issuer"),
        ("[login]\nclient = 'park'\nissuer = 3", 3, "issuer is a text, not 3"),
        ("[login]\nclient = 'park'\nissuer = 'http://auth.example'", 3, "the https URL"),
        ("[login]\nclient = 'park'\nissuer = 'auth'", 3, "the https URL"),
        (f"{LOGIN}[login.users]\n's-1' = 'A B'", 5, "'A B' is no name of a user"),
        (f"{LOGIN}[login.users]\n's-1' = ['ada']", 5, "a user's name in quotes"),
        (f"{LOGIN}[login.roles]\n's-1' = 'ada'", 4, "'roles' means nothing here"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_policy(text, "policy.toml")
    assert caught.value.message.startswith(f"policy.toml, line {line}: ")
    assert what in caught.value.message


def test_a_person_is_a_user_by_subject_and_then_by_the_first_group_of_the_policy() -> None:
    more = "[login.users]\n's-1' = 'ada'\n[login.groups]\none = 'first'\ntwo = 'second'\n"
    login = read_policy(LOGIN + more, "policy.toml").login
    assert login is not None
    assert (login.issuer, login.client, login.scope) == ("https://auth.example", "park", "openid")
    assert login.user_of("s-1", ["two"]) == "ada"
    assert login.user_of("s-2", ["two", "one"]) == "first"
    assert login.user_of("ada", ["three"]) is None
    assert read_policy("", "policy.toml").login is None


def test_what_is_no_toml_is_told_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"policy.toml is no TOML: .*line 2"):
        read_policy("[everybody]\nroles = [}", "policy.toml")


def test_a_service_may_have_its_users_held_to_what_was_approved() -> None:
    assert not read_policy("", "p").approved_only
    assert read_policy('[installs]\napproved = "only"', "p").approved_only
    assert not read_policy('[installs]\napproved = "all"', "p").approved_only
    with pytest.raises(UsageError, match=r"line 2.*approved is \"only\", \"all\""):
        read_policy('[installs]\napproved = "some"', "p")
    assert not read_policy("[grants]\nshipped = false", "p").grants.shipped
