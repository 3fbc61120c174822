"""Functions of scripts and notebooks as jobs: real scripts, run as people run them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_client import uv_install

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.services.park_client import Client, ModelTree, Scientist

pytestmark = pytest.mark.slow

HEAD = """
import json, sys
import park

service = park.remote_service()
"""


@pytest.fixture
def run(client: Client) -> Callable[..., Any]:
    """Run a script as ``python fit.py``; return what its last line prints."""

    def run(text: str, *arguments: str, name: str = "fit.py", head: str = HEAD) -> Any:
        script = client.folder / name
        script.write_text(f"{head}{text}")
        done = client._run(client.python, "-W", "error", script, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_a_script_needs_no_project_and_no_guard(run: Callable[..., Any]) -> None:
    seen = run("""
BASE = 10

def square(x):
    return x * x + BASE

@park.job
def cube(x, *, more=0):
    return square(x) * x + more

class Model:
    def __init__(self, a):
        self.a = a

    def at(self, x):
        return self.a * square(x)

results = [
    service.submit(square, 2).result(),
    service.map(lambda x: square(x) + 1, range(3)).results(),
    service.submit(Model(3).at, 1).result(),
]
with service:
    first = cube(2)
    second = cube(first, more=1)
results += [second.result(), second.entry_point]
with service.executor() as executor:
    results += [list(executor.map(square, range(2)))]
with park.plan() as plan:
    service.submit(lambda: square(2))
results += [plan.environments[0].what.partition(" ")[0]]
print(json.dumps(results))
""")
    assert seen == [
        14,
        [11, 12, 15],
        33,
        28 * (28 * 28 + 10) + 1,
        "__main__:cube",
        [10, 11],
        "standard-library",
    ]


def test_an_interactive_session_and_a_package_run_by_its_name_do_as_well(client: Client) -> None:
    text = (
        f"{HEAD}\ndef f(x):\n    return x + 1\nprint(json.dumps(service.submit(f, 1).result()))\n"
    )
    package = client.folder / "unnamed"
    package.mkdir()
    (package / "__init__.py").write_text("STEP = 1\n")
    (package / "__main__.py").write_text(
        f"{HEAD}\nfrom unnamed import STEP\ndef f(x):\n    return x + STEP\n"
        "print(json.dumps(service.submit(f, 1).result()))\n"
    )
    assert client.script(text) == 2
    done = client._run(client.python, "-m", "unnamed")
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    done = client._run(client.python, "-i", "-c", text)
    assert done.stdout == "2\n", done.stderr


def test_its_environment_is_that_of_what_it_refers_to(
    run: Callable[..., Any], model: ModelTree, answer: int
) -> None:
    assert model.root.exists()
    seen = run("""
import light_model
from packaging.version import Version

def mine():
    return light_model.answer()

def sorted_versions(texts):
    import sortedcontainers
    return [str(each) for each in sortedcontainers.SortedList(map(Version, texts))]

one = service.submit(mine)
two = service.submit(sorted_versions, ["2", "1"])
three = service.submit("light_model:answer")
print(json.dumps([one.result(), two.result(), three.result() == one.result(),
                  one.lock_hash == three.lock_hash, two.lock_hash == one.lock_hash]))
""")
    assert seen == [answer, ["1", "2"], True, True, False]


def test_what_no_code_shows_is_said_by_the_script(run: Callable[..., Any]) -> None:
    block = '# /// script\n# dependencies = ["sortedcontainers>=2"]\n# ///\n'
    text = """
import importlib

def find(name):
    return importlib.import_module(name).__name__

park.requires("packaging")
print(json.dumps(service.map(find, ["sortedcontainers", "packaging"]).results()))
"""
    assert run(text, head=f"{block}{HEAD}") == ["sortedcontainers", "packaging"]


def test_what_is_said_means_what_is_installed_here(run: Callable[..., Any]) -> None:
    seen = run("""
park.requires("packaging>=9999")
try:
    service.submit(lambda: 1).result()
except park.ParkError as error:
    print(json.dumps([error.message, len(service.jobs(limit=1, status="queued"))]))
""")
    assert "packaging>=9999" in seen[0]
    assert seen[1] == 0


def test_processes_that_a_job_starts_anew_know_the_functions_of_the_script(
    run: Callable[..., Any],
) -> None:
    seen = run("""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

class Point:
    def __init__(self, x):
        self.x = x

def moved(point):
    return Point(point.x + 1)

def in_processes(points):
    way = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=way) as pool:
        return [point.x for point in pool.map(moved, points)]

print(json.dumps(service.submit(in_processes, [Point(1), Point(2)]).result()))
""")
    assert seen == [2, 3]


def test_helpers_beside_the_script_travel_as_their_source(
    run: Callable[..., Any], client: Client
) -> None:
    (client.folder / "helpers.py").write_text(
        "import more_helpers\nclass Kept:\n    pass\n"
        "def double(x):\n    return more_helpers.FACTOR * x\n"
        "def fail():\n    raise ValueError('of the helper')\n"
    )
    (client.folder / "more_helpers.py").write_text("FACTOR = 2\n")
    seen = run("""
import helpers
failed = service.submit(helpers.fail)
try:
    failed.result()
except park.ParkError as error:
    trace = error.details["traceback"]
print(json.dumps([service.submit(helpers.double, 4).result(),
                  service.submit(lambda: helpers.double(1)).result(), trace]))
""")
    assert seen[:2] == [8, 2]
    assert "raise ValueError('of the helper')" in seen[2]


def test_an_error_shows_the_lines_of_the_script(run: Callable[..., Any], client: Client) -> None:
    seen = run("""
def divide(x):
    return 1 / x  # the line

try:
    service.submit(divide, 0).result()
except park.ParkError as error:
    print(json.dumps(error.details["traceback"]))
""")
    assert "return 1 / x  # the line" in seen
    assert f'File "{client.folder / "fit.py"}", line 8, in divide' in seen


def test_what_cannot_be_sent_is_named_before_anything_is_submitted(
    run: Callable[..., Any],
) -> None:
    seen = run("""
class Config:
    pass

CONFIG = Config()
CONFIG.handle = open(__file__)

def fit():
    return CONFIG

try:
    service.submit(fit)
except park.ParkError as error:
    print(json.dumps([error.message, error.hint, len(service.jobs(limit=1, status="queued"))]))
CONFIG.handle.close()
""")
    message, hint, count = seen
    assert "fit cannot be sent: fit → CONFIG → handle is an open file" in message
    assert "park.File(path)" in hint
    assert count == 0


def test_arguments_and_functions_agree_about_a_class_of_the_script(
    run: Callable[..., Any], model: ModelTree
) -> None:
    assert model.root.exists()
    seen = run("""
import light_model

class Config:
    def __init__(self, n):
        self.thickness = n

def is_one(config):
    return isinstance(config, Config) and config.thickness == 3

print(json.dumps([service.submit(is_one, Config(3)).result(),
                  service.submit(light_model.double, Config(3)).result()]))
""")
    assert seen == [True, 6]


def test_a_session_that_has_gone_stale_is_told(
    client: Client, model: ModelTree, answer: int
) -> None:
    text = f"""
import json, os, sys, warnings
import light_model, park
warnings.simplefilter("always")
service = park.remote_service()
path = {str(model.root / "light_model.py")!r}
told = []
warnings.showwarning = lambda message, kind, *_: (
    told.append(str(message)) if kind.__name__ == "StaleSessionWarning" else None
)

def edit(before, after):
    text = open(path).read().replace(before, after)
    later = os.stat(path).st_mtime_ns + 2 * 10**9
    open(path, "w").write(text)
    os.utime(path, ns=(later, later))

def run():
    return service.submit(light_model.answer).result()

results = [run(), len(told)]
edit("ANSWER = {answer}", "ANSWER = {answer}1")
quiet = park.remote_service(stale="ignore").submit(light_model.answer).result()
results += [quiet, len(told)]
results += [run(), len(told), run(), len(told)]
try:
    park.remote_service(stale="error").submit(light_model.answer).result()
except park.ParkError as error:
    results += [type(error).__name__]
import importlib
importlib.reload(light_model)
results += [park.remote_service(stale="error").submit(light_model.answer).result()]
print(json.dumps([results, told]))
"""
    results, told = client.script(text)
    new = int(f"{answer}1")
    assert results == [answer, 0, new, 0, new, 1, new, 1, "StaleSession", new]
    assert "light_model.py was edited (at " in told[0]
    assert "the service runs the edited one; reload it" in told[0]


def test_joblib_runs_its_calls_there(scientist: Scientist) -> None:
    uv_install(scientist.client.python, "joblib")
    text = """
import json, park
FACTOR = 3

def times(x, *, plus=0):
    return x * FACTOR + plus

service = park.remote_service()
import joblib
calls = [joblib.delayed(times)(n, plus=1) for n in range(4)]
with joblib.parallel_config(backend="park", service=service):
    one = joblib.Parallel()(calls)
    two = joblib.Parallel(n_jobs=2, batch_size=2)(calls)
with service, joblib.parallel_config(backend="park"):
    three = joblib.Parallel()(joblib.delayed(lambda n: n)(n) for n in range(2))
print(json.dumps([one, two, three]))
"""
    done = scientist.client.folder / "joblib_script.py"
    done.write_text(text)
    ran = scientist.client._run(scientist.client.python, "-W", "error", done)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [[1, 4, 7, 10], [1, 4, 7, 10], [0, 1]]


def test_an_object_of_a_class_of_the_script_comes_back_as_one_of_it(
    run: Callable[..., Any],
) -> None:
    seen = run("""
import collections, dataclasses, decimal, enum

@dataclasses.dataclass
class Config:
    scale: float

class Color(enum.Enum):
    RED = 1

Point = collections.namedtuple("Point", "x y")

def made(config):
    return [Config(config.scale * 2), Color.RED, {"at": Point(1, decimal.Decimal("1.5"))}]

job = service.submit(made, Config(2.0))
config, color, more = job.result()
print(json.dumps([type(config) is Config, config.scale, color is Color.RED,
                  more == {"at": (1, decimal.Decimal("1.5"))}, type(more["at"]) is Point]))
""")
    assert seen == [True, 4.0, True, True, True]


def test_what_a_job_made_comes_back_by_value_and_goes_on_to_other_jobs(
    run: Callable[..., Any],
) -> None:
    seen = run("""
STEP = 10

def made(n):
    class Film:
        def __init__(self, d):
            self.d = d
        def grown(self):
            return Film(self.d + STEP)
    class Failed(Exception):
        def __init__(self, low, high):
            super().__init__(f"{low} to {high}")
    deep = 1
    for _ in range(3000):
        deep = [deep]
    return {"grow": lambda x: x + n + STEP, "film": Film(n), "failed": Failed(1, 2),
            "keys": {"a": 1}.keys(), "deep": deep}

def depth(value):
    n = 0
    while isinstance(value, list):
        value, n = value[0], n + 1
    return n

job = service.submit(made, 1)
back = job.result()
there = service.submit(lambda made: [made["grow"](1), made["film"].grown().d], job)
sent = service.submit(lambda grow, deep: [grow(2), depth(deep)], back["grow"], back["deep"])
STEP = 20
print(json.dumps([back["grow"](1), back["film"].grown().d, str(back["failed"]), list(back["keys"]),
                  depth(back["deep"]), there.result(), sent.result()]))
""")
    assert seen == [22, 21, "1 to 2", ["a"], 3000, [12, 11], [13, 3000]]


def test_in_another_session_such_an_object_is_refused_with_the_way_on_and_printed(
    run: Callable[..., Any], client: Client
) -> None:
    job = run("""
class Film:
    def __init__(self, d):
        self.d = d
    def __repr__(self):
        return f"Film({self.d})"

def grown(d):
    return Film(d)

job = service.submit(grown, 3)
assert job.result().d == 3
print(json.dumps(job.id))
""")
    message, hint, plain = run(f"""
class Film:
    pass

job = park.get_job({job!r})
try:
    job.result()
except park.ParkError as error:
    print(json.dumps([error.message, error.hint, job.result(as_="json")]))
""")
    assert "a pickle of __main__.Film, which belongs to the script or notebook" in message
    assert 'job.result(as_="json")' in hint
    assert "the session that submitted the job gets the object" in hint
    assert plain["repr"] == "Film(3)"
    assert client.run("result", job).stdout == "Film(3)\n"


def test_large_data_is_sent_once_for_a_sweep(run: Callable[..., Any]) -> None:
    seen = run("""
TABLE = [float(n) for n in range(50_000)]

def row(n):
    return TABLE[n]

jobs = service.map(row, [0, 1, 49_999])
calls = {json.dumps(job.item.document["call"]["function"]) for job in jobs if job.item.document}
print(json.dumps([jobs.results(), all(len(each) < 1000 for each in calls)]))
""")
    assert seen == [[0.0, 1.0, 49_999.0], True]
