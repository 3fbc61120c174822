"""Arguments on their way: placeholders, files and pickles among them, and what cannot travel."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name
from support.stand_ins.job_service import BOUND, JobService

import park
from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.client.jobs import arguments as module
from park.client.jobs.arguments import encode_call, with_service_files
from park.client.jobs.placeholders import encoding_arguments
from park.digests import file_sha256
from park.errors import UsageError
from park.local.project import LocalProject, ProjectKind
from park.runtime import codec
from park.runtime.codec import ServiceFile

if TYPE_CHECKING:
    from pathlib import Path

    from park.client.jobs.submitted_job import Job

HERE = "http://here.example"


@pytest.fixture
def job() -> Job:
    return JobService(HERE).bind().service.submit("m:f")


def reference(job: Job, **more: Any) -> dict[str, Any]:
    return {"$park": "reference", "job": job.id, "what": "value", **more}


NUMPY = LocalProject(name=canonicalize_name("numpy"), version="2", kind=ProjectKind.RELEASED)


class Sample:
    """Something that only a pickle can say."""


def test_json_travels_as_it_is() -> None:
    call = encode_call((1, "a", [None, True]), {"at": {"x": 1.5}}, service=HERE)
    assert call.document == {"args": [1, "a", [None, True]], "kwargs": {"at": {"x": 1.5}}}
    assert (call.jobs, call.files, call.pickled) == ((), (), False)


def in_one_look_and_in_several(
    args: tuple[Any, ...], kwargs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> list[Any]:
    """Return what a call comes to by `_plain_call`, and without it: a document or an error."""
    found: list[Any] = []
    for plain in (module._plain_call, lambda *_: None):
        with monkeypatch.context() as patch:
            patch.setattr(module, "_plain_call", plain)
            try:
                found.append(encode_call(args, kwargs, service=HERE))
            except (UsageError, RecursionError) as error:
                found.append(str(error))
    return found


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        ((None, True, 0, -1.5, "a\ud800", [], {}), {"b": [{"c": [1, "x"]}]}),
        ((2**63, -(2**64) + 1, 2**64, 10**30), {}),
        ((float("nan"), [float("inf")]), {}),
        (((1, 2), {1, 2}, {1: 2}, {"$park": 1}, b"x", 1j), {}),
        ((True, 1, 1.0), {"$park": 3}),
        ((nested(99),), {"a": nested(100)}),
        ((nested(101),), {}),
        ((CIRCLE,), {}),
        (([1] * 1_000_000,), {}),
        (([[0] * 10] * 99_000,), {}),
        ((type("Text", (str,), {})("a"),), {}),
    ],
    ids=str,
)
def test_plain_values_are_in_one_look_what_they_are_in_several(
    args: tuple[Any, ...], kwargs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, several = in_one_look_and_in_several(args, kwargs, monkeypatch)
    assert one == several


def test_jobs_are_in_one_look_what_they_are_in_several(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = JobService("http://there.example").bind().service.submit("m:f")
    for value in (job, [job, {"a": job}], job.output, job.output["x"], job.filename, there):
        one, several = in_one_look_and_in_several((value,), {"b": value}, monkeypatch)
        assert one == several
        assert len(one.jobs) == 1
    deep = nested(99)
    for value in ([deep, job], [[nested(98), [job]]]):
        one, several = in_one_look_and_in_several((value,), {}, monkeypatch)
        assert one == several
    most: Any = job
    for _ in range(100):
        most = [most]
    one, several = in_one_look_and_in_several((most,), {}, monkeypatch)
    assert one == several
    assert "nested" in one


def test_placeholders_are_found_wherever_they_stand_and_their_job_is_needed_once(job: Job) -> None:
    call = encode_call(([job], (job,), {"a": job}, frozenset([job])), {"b": job}, service=HERE)
    node = reference(job)
    assert call.document == {
        "args": [
            [node],
            {"$park": "tuple", "items": [node]},
            {"a": node},
            {"$park": "frozenset", "items": [node]},
        ],
        "kwargs": {"b": node},
    }
    assert call.jobs == (job,)


def test_a_placeholder_of_another_service_says_whose_it_is(job: Job) -> None:
    call = encode_call((job,), {}, service="http://there.example")
    assert call.document["args"] == [reference(job, service=HERE)]


def test_a_part_of_what_a_job_leaves_keeps_the_way_to_it(job: Job) -> None:
    call = encode_call((job.output["fits"][0],), {}, service=HERE)
    path = [["item", "fits"], ["item", 0]]
    assert call.document["args"] == [reference(job, path=path)]


def test_a_file_is_named_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "run.dat"
    path.write_bytes(b"counts")
    call = encode_call(({"runs": [park.File(path)]},), {}, service=HERE)
    (found,) = call.files
    sha256 = file_sha256(path)
    assert found[0] == path
    assert (found[1].sha256, found[1].name) == (sha256, "run.dat")
    node = {"$park": "file", "sha256": sha256, "name": "run.dat"}
    assert call.document["args"] == [{"runs": [node]}]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nothing.dat"
    with pytest.raises(UsageError, match=r"cannot read .*nothing\.dat"):
        encode_call((park.File(missing),), {}, service=HERE)


def test_only_what_json_cannot_say_is_a_pickle() -> None:
    call = encode_call(([1, Sample()],), {}, service=HERE, sending=Sending(ModuleWays()))
    assert call.pickled
    one, pickled = call.document["args"][0]
    assert (one, pickled["$park"]) == (1, "pickle")


class Array:
    """In the place of an array of numpy, which may not be installed."""


@pytest.mark.parametrize(
    "value",
    [Array(), [Array()], {"a": (Array(),)}, {Array(): 1}, {Array()}],
    ids=["argument", "in a list", "deeper", "as a key", "in a set"],
)
def test_an_array_needs_numpy_though_it_is_no_pickle(
    value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    numpy = SimpleNamespace(ndarray=Array, generic=Array)
    monkeypatch.setitem(sys.modules, "numpy", numpy)
    monkeypatch.setattr(codec, "encode_call", lambda *_, **__: {"args": [], "kwargs": {}})
    sending = Sending(ModuleWays(look=lambda _: NUMPY))
    found = encode_call((1, value, value), {}, service=HERE, sending=sending).sending
    assert found is not None
    assert (set(found.modules), set(found.needed)) == ({"numpy"}, set())
    assert not sending.modules, "other calls of a sweep know nothing of it"
    assert encode_call((1,), {}, service=HERE, sending=sending).sending is None


def test_where_nobody_could_read_a_pickle_there_is_none() -> None:
    with pytest.raises(UsageError, match="Sample can only be pickled") as told:
        encode_call((Sample(),), {}, service=HERE)
    assert "park.File" in str(told.value.hint)


def test_a_placeholder_is_no_key(job: Job) -> None:
    with pytest.raises(UsageError, match="cannot be a key of a dict: it is not known yet"):
        encode_call(({job: 1},), {}, service=HERE)


@pytest.mark.parametrize("depth", [None, 100_000], ids=["endless", "deep"])
def test_what_has_no_end_or_is_nested_too_deep_is_told(depth: int | None) -> None:
    value: list[Any] = []
    if depth is None:
        value.append(value)
    for _ in range(depth or 0):
        value = [value]
    with pytest.raises(UsageError, match="contains itself, or is nested over 100 levels"):
        encode_call((value,), {}, service=HERE)


def test_after_a_refusal_placeholders_can_be_pickled_again(job: Job) -> None:
    with pytest.raises(UsageError):
        encode_call(({job: 1},), {}, service=HERE)
    assert not encoding_arguments.active


def reduce(infile: str, outfile: str, note: str = "") -> str:
    return infile + outfile + note


def first_is_nameless(infile: str, /, outfile: str) -> str:
    return infile + outfile


FILES = ("infile", "outfile")


def test_a_text_with_a_tilde_is_a_file_where_the_parameter_is_one() -> None:
    args, kwargs = with_service_files(reduce, ("~/a", "here", "~ about"), {}, FILES)
    assert args == ()
    assert kwargs == {"infile": ServiceFile(path="~/a"), "outfile": "here", "note": "~ about"}


def test_a_path_may_be_below_a_root_of_the_service() -> None:
    args, kwargs = with_service_files(reduce, ("/snsdata/a.nxs",), {"outfile": "/b"}, FILES)
    roots = {"infile": "/snsdata/a.nxs", "outfile": "/b"}
    assert args == ()
    assert kwargs == {name: ServiceFile(path=path, or_text=True) for name, path in roots.items()}


def test_what_stands_before_the_first_file_stays_by_position() -> None:
    args, kwargs = with_service_files(reduce, ("a", "~/b"), {"note": "~"}, ("outfile",))
    assert args == ("a",)
    assert kwargs == {"outfile": ServiceFile(path="~/b"), "note": "~"}


def test_without_a_tilde_nothing_is_changed() -> None:
    given = (("a", "b"), {"note": "c"})
    assert with_service_files(reduce, *given, FILES) == given


def test_of_a_name_alone_only_named_arguments_are_known() -> None:
    args, kwargs = with_service_files("m:reduce", ("~/a",), {"outfile": "~/b"}, FILES)
    assert (args, kwargs) == (("~/a",), {"outfile": ServiceFile(path="~/b")})


def test_arguments_that_have_no_name_are_left_where_they_are() -> None:
    assert with_service_files(first_is_nameless, ("~/a", "~/b"), {}, FILES)[0] == ("~/a", "~/b")
    too_many = ("~/a", "b", "c", "d")
    assert with_service_files(reduce, too_many, {}, FILES)[0] == too_many


@park.job
def reduction(infile: str, outfile: str, note: str = "") -> str:
    return infile + outfile + note


@park.job
class Reducing:
    def __init__(self, infile: str, outfile: str) -> None:
        self.files = (infile, outfile)


@pytest.fixture
def one() -> JobService:
    return JobService()


@park.job
def add(*values: Any, more: Any = (), timeout: float = 0) -> Any:
    return sum(values) + sum(more) + timeout


class Holder:
    def __init__(self, part: Any) -> None:
        self.part = part


def test_texts_with_a_tilde_name_files_of_the_service(one: JobService) -> None:
    with one.bind().service:
        reduction("~/data/run.zip", "~/run.refl")
        Reducing(infile="~/data/run.zip", outfile="here.refl")
        Reducing("a", "~/run.refl")
        reduction("a", "b", "~ about")
    infile = {"$park": "service-file", "path": "~/data/run.zip"}
    outfile = {"$park": "service-file", "path": "~/run.refl"}
    calls = [job["call"] for job in one.jobs]
    assert calls[0] == {"args": [], "kwargs": {"infile": infile, "outfile": outfile}}
    assert calls[1]["kwargs"] == {"infile": infile, "outfile": "here.refl"}
    assert calls[2] == {"args": [], "kwargs": {"infile": "a", "outfile": outfile}}
    assert calls[3]["kwargs"]["note"] == "~ about"


def test_a_pickle_is_tagged_with_the_set_that_is_found_later(one: JobService) -> None:
    with one.service:
        add([Holder(1)])
        one.bind()
    (node,) = one.jobs[0]["call"]["args"][0]
    assert (node["$park"], node["set_hash"]) == ("pickle", BOUND.set_hash)


def test_a_placeholder_inside_a_pickle_is_refused(one: JobService) -> None:
    with one.bind().service:
        job = add(1)
        for part in (job, job.output["x"], job.filename, job.iscompleted):
            with pytest.raises(UsageError) as raised:
                add(Holder(part))
            assert raised.value.hint
        with pytest.raises(UsageError, match="key of a dict"):
            add({job: 1})
        with pytest.raises(UsageError, match="progress changes"):
            add(job.progress["chisq"])


def test_an_argument_that_contains_itself_is_one_pickle() -> None:
    endless: list[Any] = []
    endless.append(endless)
    call = encode_call((endless,), {}, service=HERE, sending=Sending(ModuleWays()))
    assert call.document["args"][0]["$park"] == "pickle"


def test_what_cannot_travel_is_named_by_its_parameter_and_the_way_to_it() -> None:
    lock, sending = threading.Lock(), Sending(ModuleWays())
    config = {"parts": [1, {"guard": lock}]}
    given: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        ((1, config), {}, "config → parts → [1] → guard is a lock"),
        ((1, 2, lock), {}, "argument 3 is a lock"),
        ((), {"handle": SimpleNamespace(inner=lock)}, "handle → inner is a lock"),
    ]
    for args, kwargs, told in given:
        with pytest.raises(UsageError, match="cannot be sent") as refused:
            encode_call(args, kwargs, service=HERE, sending=sending, parameters=("at", "config"))
        assert told in str(refused.value)
