"""Every value comes back where its set is, is refused elsewhere, and is printed anywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.services.park_client import Client, ModelTree, make_virtualenv

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_service import ParkService

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def owner(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, service: ParkService
) -> Client:
    folder = tmp_path_factory.mktemp("values")
    model = ModelTree("value-model", folder)
    python = make_virtualenv(folder / "venv", model.root)
    client = Client.of(python, folder / "client", cache=client_cache, service=service)
    client.run("install", "value_model")
    return client


@pytest.fixture(scope="module")
def stranger(owner: Client, light_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Another machine of the same user, which has neither the model nor numpy."""
    return replace(owner, python=light_python, folder=tmp_path_factory.mktemp("elsewhere"))


KINDS = ["decimal", "ordered", "masked", "objects", "enum", "inside", "array"]

SUBMIT = """
import json, sys, park, value_model
with park.remote_service():
    jobs = {kind: value_model.value(kind) for kind in sys.argv[1:]}
same = [kind for kind, job in jobs.items()
        if repr(job.result()) == repr(value_model.VALUES[kind])
        and type(job.result()) is type(value_model.VALUES[kind])]
print(json.dumps([same, {kind: job.id for kind, job in jobs.items()}]))
"""

FIND = """
import json, sys, park, value_model
jobs = json.loads(sys.argv[1])
print(json.dumps([kind for kind, job in jobs.items()
                  if repr(park.get_job(job).result()) == repr(value_model.VALUES[kind])]))
"""

REFUSED = """
import json, sys, park
from park.errors import EnvironmentMismatch
job = park.get_job(sys.argv[1])
try:
    job.result()
except EnvironmentMismatch as error:
    print(json.dumps([error.message, error.hint, job.result(as_="json")]))
"""


def test_values_come_back_in_the_process_that_asked_and_in_others_with_the_same_set(
    owner: Client, stranger: Client
) -> None:
    same, jobs = owner.script(SUBMIT, *KINDS)
    assert same == KINDS
    assert owner.script(FIND, json.dumps(jobs)) == KINDS
    message, hint, plain = stranger.script(REFUSED, jobs["decimal"])
    assert "value_model is not installed" in message
    assert "as_=" in hint
    assert "lock=" in hint
    assert (plain["type"], plain["repr"]) == ("decimal.Decimal", "Decimal('1.5')")


def test_the_way_on_leads_on_a_job_under_the_same_lock_reads_the_object(owner: Client) -> None:
    seen = owner.script("""
import json, park, value_model
service = park.remote_service()
first = service.submit(value_model.value, "decimal")
again = service.submit("value_model:kinds", first, lock=first.lock_hash)
there = service.submit("value_model:value", "ordered", lock=first.lock_hash)
print(json.dumps([again.result(), repr(there.result())]))
""")
    assert seen == [["Decimal"], "OrderedDict([('b', 1), ('a', 2)])"]


def test_numpy_does_with_a_reference_what_it_does_with_the_value(owner: Client) -> None:
    seen = owner.script("""
import copy, json, numpy as np, park, value_model
from park.client.jobs.when import Condition
service = park.remote_service()
with service:
    job = value_model.value("array")
    curve = job.output
    found = [
        np.asarray(curve).tolist(), np.asarray(job).tolist(), np.array(curve, dtype=int).tolist(),
        float(np.mean(curve)), float(np.sum(job)), np.sin(curve[0]), np.add(curve, 1).tolist(),
        (np.ones(4) + curve).tolist(), np.concatenate([curve, curve]).shape[0],
        np.add.reduce(curve), (np.zeros(4) < curve).tolist(),
    ]
    conditions = [np.float64(1) < job.output[1], job.output[1] >= np.int64(1)]
print(json.dumps([[float(each) if isinstance(each, np.generic) else each for each in found],
                  [isinstance(each, Condition) for each in conditions]]))
""")
    line = [0.0, 1.0, 2.0, 3.0]
    more = [1.0, 2.0, 3.0, 4.0]
    assert seen[0] == [
        *(line, line, [0, 1, 2, 3], 1.5, 6.0, 0.0, more, more, 8, 6.0),
        [False, True, True, True],
    ]
    assert seen[1] == [True, True]


def test_each_value_is_printed_for_people_and_for_programs(owner: Client, stranger: Client) -> None:
    done = owner.run("run", "value_model:value", "--arg", 'kind="decimal"')
    assert done.stdout == "Decimal('1.5')\n"
    assert "pickle of decimal.Decimal: " in done.stderr
    done = owner.run("run", "value_model:value", "--arg", 'kind="inside"', "--json")
    result = json.loads(done.stdout)["result"]
    assert result["found"][0]["repr"] == "Decimal('2')"
    job = owner.submit("value_model:value", kind="strange")
    text = "[\n  NaN,\n  \"nan\",\n  (1+2j),\n  b'ab'\n]\n"
    assert owner.run("result", job).stdout == stranger.run("result", job).stdout == text
    curve = owner.submit("value_model:value", kind="array")
    assert json.loads(owner.run("result", curve, "--json").stdout) == [0.0, 1.0, 2.0, 3.0]
    assert json.loads(stranger.run("result", curve, "--json").stdout) == [0.0, 1.0, 2.0, 3.0]
    document = json.loads(stranger.run("result", job, "--json").stdout)
    assert document[:2] == [{"$park": "float", "value": "nan"}, "nan"]


ARGUMENTS = """
import json, numpy, park, value_model
service = park.remote_service()

def total(numbers):
    return float(numbers.sum())

def kind(value):
    return type(value).__name__

def endless():
    found = [1]
    found.append(found)
    return found

array = service.submit(value_model.value, "array")
decimal = service.submit(value_model.value, "decimal")
jobs = [service.submit(total, numpy.arange(3.0)), service.submit("math:sqrt", numpy.float64(4)),
        service.submit(lambda run: run.mean(), array), service.submit(kind, decimal),
        service.submit(kind, service.submit(kind, [decimal]))]
itself = service.submit(endless).result()
print(json.dumps([[job.result() for job in jobs], itself[1] is itself,
                  jobs[3].lock_hash == decimal.lock_hash]))
"""


def test_a_function_of_the_script_reads_its_arguments_whatever_its_own_code_names(
    owner: Client,
) -> None:
    values, is_itself, is_of_the_same_environment = owner.script(ARGUMENTS)
    assert values == [3.0, 2.0, 1.5, "Decimal", "str"]
    assert is_itself
    assert is_of_the_same_environment
