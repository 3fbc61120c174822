import pytest

from park.errors import UsageError
from park_server.trust.rights import ALL, NONE, USUAL, Right, Rights, Role


@pytest.mark.parametrize("text", ["query", "upload", "upload:my-model", "upload:lab-*"])
def test_a_right_is_spelled_as_it_is_read(text: str) -> None:
    assert str(Right.parse(text)) == text


def test_names_of_projects_are_normalised() -> None:
    assert str(Right.parse("upload:My_Model")) == "upload:my-model"
    assert str(Right.parse("upload:Lab_*")) == "upload:lab-*"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("root", "'root' is no role"),
        ("", "'' is no role"),
        ("submit:mymodel", "submit is for the whole service"),
        ("upload:", "no name of a project"),
        ("upload:*", "no name of a project"),
        ("upload:a/b", "no name of a project"),
        ("upload:a*b", "no name of a project"),
    ],
)
def test_what_is_no_right_is_said(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what.replace("*", r"\*")):
        Right.parse(text)


@pytest.mark.parametrize(
    ("mine", "theirs", "common"),
    [
        ("upload", "upload:a", "upload:a"),
        ("upload:a-*", "upload:a-b", "upload:a-b"),
        ("upload:a-*", "upload:a-b-*", "upload:a-b-*"),
        ("upload:a", "upload:b", None),
        ("upload:a", "upload:ab", None),
        ("upload:a-*", "upload:ab", None),
        ("submit", "submit", "submit"),
        ("submit", "query", None),
    ],
)
def test_two_rights_have_in_common_what_both_allow(
    mine: str, theirs: str, common: str | None
) -> None:
    for one, other in ((mine, theirs), (theirs, mine)):
        found = Right.parse(one).common(Right.parse(other))
        assert (None if found is None else str(found)) == common


def test_uploads_are_for_the_projects_that_are_named() -> None:
    rights = Rights.of(["upload:refl-*", "upload:mymodel"])
    assert [rights.may_upload(name) for name in ("refl-1d", "mymodel", "mymodel2", "refl")] == [
        *(True, True, False, False)
    ]
    assert rights.names("mymodel")
    assert USUAL.may_upload("mymodel")
    assert not USUAL.names("mymodel")


def test_whoever_may_anything_may_see_what_it_comes_to() -> None:
    assert Rights.of(["submit"]).has(Role.QUERY)
    assert not NONE.has(Role.QUERY)
    assert not Rights.of(["submit"]).has(Role.UPLOAD)


def test_scopes_only_take_away() -> None:
    mine = Rights.of(["submit", "upload:lab-*"])
    assert mine.narrowed(None) is mine
    assert mine.narrowed(Rights.of(["upload", "admin"])).spelled() == ["query", "upload:lab-*"]
    assert mine.narrowed(Rights.of(["query"])).spelled() == ["query"]
    assert mine.narrowed(Rights.of(["admin"])).spelled() == ["query"]
    assert NONE.narrowed(ALL).held == NONE.held


def test_what_is_lacking_for_something_wider_is_named() -> None:
    lacking = Rights.of(["upload:a"]).lacking(Rights.of(["upload", "query", "admin"]))
    assert [str(each) for each in lacking] == ["admin", "upload"]
    assert not ALL.lacking(Rights.of(["upload:a", "operate"]))
