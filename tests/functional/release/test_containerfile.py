"""The steps of the Containerfile, run in a fresh folder; and what a linter would say of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.session.limits import LIMIT_S

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")

INSTRUCTIONS = {
    *("CMD", "COPY", "ENTRYPOINT", "EXPOSE", "FROM", "HEALTHCHECK", "RUN", "STOPSIGNAL"),
    *("USER", "VOLUME"),
}


def instructions() -> list[tuple[str, str]]:
    """Return the instructions with their arguments; continued lines are one."""
    lines = re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    pairs = [line.partition(" ") for line in lines if line.strip()]
    return [(name, rest.strip()) for name, _, rest in pairs]


def argument_of(name: str) -> list[str]:
    return [rest for each, rest in instructions() if each == name]


def test_it_is_written_as_a_linter_would_have_it() -> None:
    names = [name for name, _ in instructions()]
    assert set(names) <= INSTRUCTIONS
    assert names[0] == "FROM"
    (base,) = argument_of("FROM")
    assert re.fullmatch(r"[a-z.]+/[a-z/]+:[0-9.]+-slim", base), "a base with its registry and tag"
    for name in ("ENTRYPOINT", "CMD"):
        assert all(isinstance(json.loads(each), list) for each in argument_of(name))
    assert "sudo" not in TEXT
    assert names.index("USER") > max(place for place, each in enumerate(names) if each == "RUN")
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert argument_of("USER") == ["park"]
    assert "--no-cache-dir" in TEXT


def test_its_home_is_a_volume_and_its_health_is_asked_for() -> None:
    (entry,) = map(json.loads, argument_of("ENTRYPOINT"))
    assert argument_of("VOLUME") == [entry[entry.index("--home") + 1]]
    (check,) = argument_of("HEALTHCHECK")
    (program, option, code) = json.loads(check.partition("CMD ")[2])
    assert (program, option) == ("/opt/park/bin/python", "-c")
    compile(code, "healthcheck", "exec")
    assert f":{argument_of('EXPOSE')[0]}/health" in code


@pytest.mark.slow
def test_its_steps_make_a_service_that_starts(tmp_path: Path) -> None:
    """Run them as they are, but for the folders, and for what makes users."""
    moved = {each: f"{tmp_path}{each}" for each in ("/opt/park", "/opt/uv", "/src")}
    kept = (
        "docs",
        "park_dist",
        "server",
        "repo",
        "sboms",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    )
    (tmp_path / "src").mkdir()
    for name in kept:  # COPY, of what a checkout has
        (tmp_path / "src" / name).symlink_to(ROOT / name)
    ran = []
    for step in argument_of("RUN"):
        if step.startswith(("useradd ", "install --directory --owner")):
            continue
        for there, here in moved.items():
            step = step.replace(there, here)  # noqa: PLW2901 (the same step, here)
        step = re.sub(r"^python ", f"{sys.executable} ", step)  # noqa: PLW2901
        if step.startswith("rm "):
            continue
        subprocess.run(["bash", "-ceu", step], check=True, timeout=LIMIT_S)
        ran.append(step)
    assert len(ran) == 3
    (entry,) = map(json.loads, argument_of("ENTRYPOINT"))
    program = entry[0].replace("/opt/park", moved["/opt/park"])
    done = subprocess.run(
        [program, "serve", "--sample", "systemd"],
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
    )
    assert "Type=notify" in done.stdout


@pytest.mark.parametrize("name", ["ENTRYPOINT", "CMD"])
def test_it_starts_the_service_with_options_that_there_are(name: str) -> None:
    from park_server.command import configure

    words: list[str] = json.loads(argument_of(name)[0])
    import argparse

    parser = argparse.ArgumentParser()
    configure(parser)
    known = {option for action in parser._actions for option in action.option_strings}
    assert {word for word in words if word.startswith("--")} <= known
