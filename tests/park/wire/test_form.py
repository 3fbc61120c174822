from dataclasses import MISSING, fields
from typing import Any

import pytest

from park.errors import OddAnswer
from park.model.states import InstallState, JobState
from park.wire import (
    FETCH,
    FetchRequest,
    FileRecord,
    HeldGrant,
    InstallRecord,
    InstallRequest,
    JobRecord,
    JobRequest,
    LocalWheel,
    PinRecord,
    ProgressRecord,
    VerdictRecord,
    WhyRecord,
    decode,
    encode,
)
from park.wire.form import encode_said, value_in

REQUEST = InstallRequest(
    id="0199",
    project="mymodel",
    version="1.0+t0123456789abcdef",
    python="3.11",
    pins=[PinRecord(name="bumps", version="1.0.4")],
    wheels=[LocalWheel(name="mymodel", version="1.0", filename="m.whl", sha256="ab", size=3)],
)


def test_records_come_back_as_they_went() -> None:
    assert decode(InstallRequest, encode(REQUEST)) == REQUEST
    record = InstallRecord(
        id="0199",
        state=InstallState.REALISING,
        project="mymodel",
        version="1.0",
        python="3.11",
        set_hash="ab",
        progress=ProgressRecord(stage="link", done=1, total=2, unit="wheels"),
    )
    assert decode(InstallRecord, encode(record)) == record


def test_keys_of_a_newer_service_are_ignored() -> None:
    assert decode(PinRecord, {"name": "bumps", "version": "1", "colour": "red"}) == PinRecord(
        name="bumps", version="1"
    )


def test_an_absent_key_is_named() -> None:
    with pytest.raises(ValueError, match="a PinRecord without 'version'"):
        decode(PinRecord, {"name": "bumps"})


def test_records_in_records_come_back_as_records() -> None:
    request = JobRequest(
        id="a",
        entry_point=FETCH,
        call={},
        fetch=FetchRequest(url="https://sns.example.org/run.refl"),
        grants=[HeldGrant(service="https://sns.example.org", token="t")],
    )
    assert decode(JobRequest, encode(request)) == request


JOB: dict[str, object] = {
    **{field.name: None for field in fields(JobRecord) if field.default is MISSING},
    "id": "a",
    "status": "queued",
    "entry_point": "m:f",
    "attempt": 1,
    "submitted": "2026",
}
JOB = {name: value for name, value in JOB.items() if name not in {"files", "progress"}}


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"error": 7}, "error of a JobRecord: it is 7"),
        ({"attempt": "2"}, 'attempt of a JobRecord: it is "2"'),
        ({"attempt": True}, "attempt of a JobRecord: it is true"),
        ({"files": {"name": "x"}}, 'files of a JobRecord: it is {"name": "x"}'),
        ({"files": [3]}, "files of a JobRecord: 3 is in it"),
        ({"files": [{"name": "x", "sha256": 1, "size": 2}]}, "sha256 of a FileRecord: it is 1"),
        ({"status": ["queued"]}, 'status of a JobRecord: it is ["queued"]'),
        ({"error": ["x" * 100]}, "xxx…"),
    ],
)
def test_what_is_of_another_type_is_named(said: dict[str, object], line: str) -> None:
    with pytest.raises(OddAnswer) as refused:
        decode(JobRecord, JOB | said)
    assert line in str(refused.value)
    assert refused.value.hint is not None


@pytest.mark.parametrize("answer", [[], 7, "text", None])
def test_what_is_no_object_is_no_record(answer: Any) -> None:
    with pytest.raises(OddAnswer, match="a PinRecord that is"):
        decode(PinRecord, answer)


def test_a_whole_number_is_a_number_and_a_word_may_be_known_already() -> None:
    assert decode(ProgressRecord, {"stage": "a", "done": 1, "total": 2, "unit": "b"}).done == 1
    assert decode(JobRecord, JOB | {"status": JobState.RUNNING}).status is JobState.RUNNING


def test_the_files_of_a_job_are_records() -> None:
    file = {"name": "fit.png", "sha256": "ab", "size": 3}
    assert decode(JobRecord, {**JOB, "files": [file]}).files == [
        FileRecord(name="fit.png", sha256="ab", size=3)
    ]


def test_states_come_back_as_states() -> None:
    install = decode(WhyRecord, {"job": "a", "status": "resolving", "line": ""})
    assert install.status is InstallState.RESOLVING
    assert decode(WhyRecord, {"job": "a", "status": "queued", "line": ""}).status is JobState.QUEUED


def test_a_state_of_a_newer_service_is_named() -> None:
    with pytest.raises(ValueError, match="truth of a VerdictRecord: 'perhaps' is none of true, no"):
        decode(VerdictRecord, {"truth": "perhaps"})


def test_what_is_as_ever_is_not_said_and_comes_back_all_the_same() -> None:
    fetched = FetchRequest(url="https://example.org/a.txt")
    request = JobRequest(
        id="0199", entry_point=FETCH, call={"args": [1], "kwargs": {}}, fetch=fetched, retries=2
    )
    said = encode_said(request)
    assert set(said) == {"id", "entry_point", "call", "fetch", "retries"}
    assert decode(JobRequest, said) == request
    assert encode_said(request, but={"call"}) == {
        name: value for name, value in said.items() if name != "call"
    }


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ([], r"an answer that is \[\]"),
        (None, "an answer that is null"),
        ({"presents": True}, "an answer without 'present'"),
    ],
)
def test_an_answer_that_is_no_record_is_checked_for_what_is_read_of_it(
    answer: Any, line: str
) -> None:
    with pytest.raises(OddAnswer, match=line):
        value_in(answer, "present")


def test_what_an_answer_need_not_have_has_a_default() -> None:
    assert value_in({}, "result", 7) == 7
    assert value_in({"result": None}, "result", 7) is None
    with pytest.raises(OddAnswer):
        value_in("text", "result", 7)
