from dataclasses import fields

import pytest

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
from park.wire.form import encode_said

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


def test_the_files_of_a_job_are_records() -> None:
    file = {"name": "fit.png", "sha256": "ab", "size": 3}
    job = {
        field.name: None for field in fields(JobRecord) if field.name not in {"files", "progress"}
    }
    assert decode(JobRecord, {**job, "files": [file]}).files == [
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
