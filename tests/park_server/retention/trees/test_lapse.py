"""Which versions of trees go: the old ones beyond the newest of each project, but what is held."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import NormalizedName

from park_repo.file_records import Layer, PublishedFile
from park_server.retention.trees.lapse import TreeVersion, lapsed, versions_of

MOMENTS = [f"2026-11-{day:02}T00:00:00.000000Z" for day in range(1, 11)]


def published(
    version: str, sha256: str, *, owner: str = "ada", uploaded: str = ""
) -> PublishedFile:
    return PublishedFile(
        layer=Layer.TREES,
        owner=owner,
        project=NormalizedName("demo"),
        version=version,
        filename=f"demo-{version}-{sha256}.whl",
        key=f"demo-{version}-{sha256}",
        size=1,
        sha256=sha256,
        metadata_sha256=None,
        requires_python=None,
        uploaded_at=uploaded,
        uploaded_by=owner,
        yanked=None,
    )


def version(name: str, used: str, *, owner: str = "ada", project: str = "demo") -> TreeVersion:
    file = published(name, name)
    return TreeVersion(owner=owner, project=project, version=name, files=(file,), last_used=used)


def test_a_version_is_as_young_as_the_last_use_of_any_of_its_files() -> None:
    files = [
        published("1", "a", uploaded=MOMENTS[0]),
        published("1", "b", uploaded=MOMENTS[1]),
        published("2", "c", uploaded=MOMENTS[2]),
        published("1", "a", owner="bob", uploaded=MOMENTS[3]),
    ]
    found = versions_of(files, {"a": MOMENTS[5], "c": MOMENTS[0]})
    assert {(each.owner, each.version): each.last_used for each in found} == {
        ("ada", "1"): MOMENTS[5],
        ("ada", "2"): MOMENTS[2],
        ("bob", "1"): MOMENTS[5],
    }


def test_the_longest_unused_go_first() -> None:
    found = [version("b", MOMENTS[1]), version("a", MOMENTS[0]), version("c", MOMENTS[9])]
    going = lapsed(found, held=set(), moment=MOMENTS[5], newest=1)
    assert [each.version for each in going] == ["a", "b"]


versions = st.lists(
    st.builds(
        version,
        st.text("0123456789", min_size=1, max_size=3),
        st.sampled_from(MOMENTS),
        owner=st.sampled_from(["ada", "bob"]),
        project=st.sampled_from(["demo", "other"]),
    ),
    unique_by=lambda each: (each.owner, each.project, each.version),
)


@given(versions, st.sets(st.text("0123456789", max_size=3)), st.sampled_from(MOMENTS), st.data())
def test_what_goes_is_old_unneeded_and_beyond_the_newest(
    found: list[TreeVersion], held: set[str], moment: str, data: st.DataObject
) -> None:
    newest = data.draw(st.integers(0, 4))
    going = lapsed(found, held=held, moment=moment, newest=newest)
    groups: defaultdict[tuple[str, str], list[TreeVersion]] = defaultdict(list)
    for each in found:
        groups[each.owner, each.project].append(each)
    for each in found:
        younger = [
            other
            for other in groups[each.owner, each.project]
            if (other.last_used, other.version) > (each.last_used, each.version)
        ]
        may_go = each.last_used < moment and each.version not in held and len(younger) >= newest
        assert (each in going) == may_go
