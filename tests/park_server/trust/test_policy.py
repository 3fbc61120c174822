from park_server.trust.policy import Group, Policy
from park_server.trust.rights import USUAL, Rights

POLICY = Policy(
    everybody=Rights.of(["query"]),
    users={"ada": Rights.of(["operate"])},
    groups={
        "refl": Group(members=frozenset({"ada"}), rights=Rights.of(["upload:refl-*"])),
        "guests": Group(rights=Rights.of(["submit"])),
    },
)


def test_rights_add_up() -> None:
    groups = POLICY.groups_of("ada")
    assert groups == {"refl"}
    assert POLICY.rights_of("ada", groups).spelled() == ["query", "upload:refl-*", "operate"]


def test_who_was_put_into_a_group_has_its_rights() -> None:
    groups = POLICY.groups_of("bob", ["guests", "unheard-of"])
    own = Rights.of(["realise"])
    assert POLICY.rights_of("bob", groups, own).spelled() == ["query", "submit", "realise"]


def test_without_a_policy_everybody_may_what_is_usual() -> None:
    assert Policy().rights_of("bob", ()) == USUAL
    assert not USUAL.spelled().count("operate")
