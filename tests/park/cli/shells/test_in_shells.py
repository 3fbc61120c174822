"""Completion in the shells themselves, each with its own line editor on a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.asked_service import asked_service

PARK = Path(sys.executable).with_name("park")
NEWEST, OLDER = "0197a000-0000-7000-8000-000000a1b2c3", "0197a000-0000-7000-8000-000000d4e5f6"

PATIENT = f"""#!{sys.executable}
import sys
from park.cli.main import main
from park.cli.shells import candidates
candidates.PATIENCE_S = {LIMIT_S}
sys.exit(main())
"""
"""``park``, which waits for a service for longer: how slow this machine is, is not the subject."""


def job(name: str, label: str, status: str) -> dict[str, object]:
    return {"id": name, "label": label, "status": status, "entry_point": "m:fit", "files": []}


ANSWERS = {
    "/api/v1/jobs": [
        job(NEWEST, "fit(film.txt, seed=3)", "running"),
        job(OLDER, "it's $HOME; a b", "completed"),
    ],
    f"/api/v1/jobs/{NEWEST[-6:]}": {
        **job(NEWEST, "", "completed"),
        "files": [{"name": "fit result.dat", "size": 3}],
    },
    "/api/v1/environments": [{"lock_hash": "3fa91c" + "0" * 58, "projects": ["film==1.4"]}],
    "/api/v1/areas": [{"name": "~", "writable": True}],
    "/api/v1/areas/folders/~": [{"name": "da ta.zip", "kind": "file", "size": 3}],
    "/api/v1/versions": [{"project": "film-model", "version": "1.4", "python": "3.11"}],
}


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Give what the processes of a shell have: a service named sns that answers."""
    folder = tmp_path_factory.mktemp("shells")
    (folder / "a-file.txt").touch()
    (folder / "filmy.py").write_text("def fit_it(): ...\n")
    with asked_service(ANSWERS) as (url, _):
        (folder / "config.toml").write_text(
            f'default = "sns"\n[services.sns]\nurl = "{url}"\n'
            f'[services.dead]\nurl = "http://127.0.0.1:9"\n'
        )
        patient = folder / "bin" / "park"
        patient.parent.mkdir()
        patient.write_text(PATIENT)
        patient.chmod(0o755)
        yield {
            "PATH": os.pathsep.join([str(patient.parent), str(PARK.parent), os.environ["PATH"]]),
            "HOME": str(folder),
            "PARK_CONFIG": str(folder / "config.toml"),
            "PARK_STATE_DIR": str(folder / "state"),
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "200",
        }


def script(shell: str, variables: dict[str, str]) -> str:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = Path(variables["HOME"]) / f"park.{shell}"
    if not path.exists():
        path.write_bytes(subprocess.check_output([PARK, "completion", shell], timeout=LIMIT_S))
    return str(path)


class Terminal:
    """A shell on a terminal: what it writes, as it comes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.said = ""

    def type(self, text: str) -> None:
        self.said = ""
        os.write(self._descriptor, text.encode())

    def until(self, pattern: str) -> str:
        """Read until ``pattern`` is there; return all since something was typed."""
        end = time.monotonic() + LIMIT_S
        while re.search(pattern, self.said) is None:
            ready, _, _ = select.select([self._descriptor], [], [], end - time.monotonic())
            assert ready, self.said
            try:
                self.said += os.read(self._descriptor, 4096).decode(errors="replace")
            except OSError as error:  # the shell has ended
                raise AssertionError(self.said) from error
        return self.said


@contextmanager
def terminal(argv: list[str], variables: dict[str, str]) -> Iterator[Terminal]:
    child, descriptor = pty.fork()
    if child == 0:
        os.chdir(variables["HOME"])
        os.execvpe(argv[0], argv, variables)  # noqa: S606 (a shell it is)
    try:
        yield Terminal(descriptor)
    finally:
        os.close(descriptor)
        os.waitpid(child, 0)


READY = "ready>"
SHOW = """park() {{
if [ "$1" = completion ]; then command park "$@"; else printf '<<%s>>' "$@"; echo 'en''d'; fi
}}
source {script}; PS1='rea''dy>'
"""
"""What stands on the line after the tab are the arguments of a function in the place of park."""

BEGIN = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], SHOW),
    "zsh": (["zsh", "-f", "-i"], f"autoload -Uz compinit; compinit -u -D\n{SHOW}"),
}


@pytest.fixture(scope="module", params=BEGIN)
def typed(request: pytest.FixtureRequest, variables: dict[str, str]) -> Iterator[Terminal]:
    argv, begin = BEGIN[request.param]
    where = script(request.param, variables)
    with terminal(argv, variables) as typed:
        typed.type(begin.format(script=where))
        typed.until(READY)
        yield typed


@pytest.mark.parametrize(
    ("line", "last"),
    [
        ("park sub", "submit"),
        ("park env sho", "show"),
        ("park status a1", "a1b2c3"),
        (f"park status {NEWEST[:-8]}00a", NEWEST),
        ("park jobs --label it", "it's $HOME; a b"),
        ("park jobs --label fi", "fit(film.txt, seed=3)"),
        ("park jobs --status can", "cancelled"),
        ("park get a1b2c3 fi", "fit result.dat"),
        ("park env show 3f", "3fa91c000000"),
        ("park env diff 3fa91c lo", "local"),
        ("park env diff film-model==1", "film-model==1.4"),
        ("park versions fi", "film-model"),
        ("park status -s sn", "sns"),
        ("park status --service=sn", "--service=sns"),
        ("park build a-f", "a-file.txt"),
        ("park install filmy", "filmy"),
        ("park run filmy:f", "filmy:fit_it"),
        ("park run filmy:fit_it --with pyte", "pytest"),
        ("park files get '~/d", "~/da ta.zip"),
        ("park status nothing-like-this", "nothing-like-this"),
        ("park versions a-f", "a-f"),
        ("park status --service dead a1", "a1"),
    ],
)
def test_a_tab_finishes_the_word(typed: Terminal, line: str, last: str) -> None:
    typed.type(f"{line}\t\n")
    assert re.findall("<<(.*?)>>", typed.until(rf"end\s[\s\S]*{READY}"))[-1] == last


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("park sub", {"submit"}),
        ("park env ", {"list", "show", "diff", "verify", "pin", "unpin", "remove", "shell"}),
        ("park env list --js", {"--json"}),
        ("park env list ", set()),
        ("park status ", {"a1b2c3", "d4e5f6"}),
        ("park jobs --label ", {"fit(film.txt, seed=3)", "it's $HOME; a b"}),
        ("park jobs --status can", {"cancelled"}),
        ("park get a1b2c3 ", {"fit result.dat"}),
        ("park env show 3f", {"3fa91c000000"}),
        ("park versions fi", {"film-model"}),
        ("park status -s ", {"sns", "dead"}),
        ("park status --service=sn", {"--service=sns"}),
        ("park build a-f", {"a-file.txt"}),
        ("park install filmy", {"filmy", "filmy.py"}),
        ("park run filmy:f", {"filmy:fit_it"}),
        ("park files get '~/d", {"~/da ta.zip"}),
        ("park run -s sns --lock 3", {"3fa91c000000"}),
        ("park versions a-f", set()),
        ("park status --service dead a1", set()),
        ("park completion ", {"bash", "fish", "zsh"}),
    ],
)
def test_fish_offers_what_may_come(line: str, offered: set[str], variables: dict[str, str]) -> None:
    command = ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"']
    done = subprocess.run(
        [*command, script("fish", variables), line],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
        env=variables,
        cwd=variables["HOME"],
    )
    assert done.stderr == ""
    assert {each.partition("\t")[0] for each in done.stdout.splitlines()} == offered


def test_jobs_are_listed_with_what_they_are(typed: Terminal) -> None:
    typed.type("park status \t\t")
    listed = typed.until(r"d4e5f6 +(\(|--)")
    typed.type("\x15\n")  # the line is given up
    typed.until(READY)
    assert re.search(r"a1b2c3 +(\(|-- )fit\(film.txt, seed=3\), running", listed)
