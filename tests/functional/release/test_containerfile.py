"""The Containerfile, each step as it is written, over this machine in place of its base.

`scripts/check` has a linter read it (hadolint).
"""

from __future__ import annotations

import json
import re
import signal
import sys
from pathlib import Path

import pytest
from support.labs.image_lab import Stage, context, require_layers

ROOT = Path(__file__).parents[3]
SOURCES = ("pyproject.toml", "park_dist", "server", "repo")
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """Return the instructions with their arguments; continued lines are one."""
    lines = re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    pairs = [line.partition(" ") for line in lines if line.strip()]
    return [(name, rest.strip()) for name, _, rest in pairs]


def argument_of(name: str) -> list[str]:
    return [rest for each, rest in instructions() if each == name]


def test_both_stages_begin_with_one_base_that_is_named_in_full() -> None:
    bases = {each.partition(" AS ")[0] for each in argument_of("FROM")}
    (base,) = bases
    assert re.fullmatch(r"[a-z.]+/[a-z/]+:[0-9.]+-slim", base), "a base with its registry and tag"


def test_it_serves_as_the_user_that_it_makes() -> None:
    names = [name for name, _ in instructions()]
    (user,) = argument_of("USER")
    (making,) = [step for step in argument_of("RUN") if step.startswith("useradd ")]
    assert f"--uid {user.partition(':')[0]} --user-group " in making
    assert names.index("USER") > max(place for place, each in enumerate(names) if each == "RUN")


def test_what_it_is_made_of_is_what_a_release_has() -> None:
    sent = {path.name for path in context(ROOT)}
    assert {*SOURCES} <= sent
    assert not {name for name in sent if name.startswith(".")}
    assert sent <= {"LICENSE", "README.md", "docs", "sboms", *SOURCES}


def test_its_home_is_a_volume_and_its_health_is_asked_for() -> None:
    (entry,) = map(json.loads, argument_of("ENTRYPOINT"))
    assert argument_of("VOLUME") == [entry[entry.index("--home") + 1]]
    (check,) = argument_of("HEALTHCHECK")
    (program, option, code) = json.loads(check.partition("CMD ")[2])
    assert (program, option) == ("/opt/park/bin/python", "-c")
    compile(code, "healthcheck", "exec")
    assert f":{argument_of('EXPOSE')[0]}/health" in code


@pytest.mark.slow
def test_its_steps_make_a_service_that_serves_is_healthy_and_stops(tmp_path: Path) -> None:
    """Take each step as it is written: to copy, to run, as whom to serve, to ask for health."""
    require_layers(tmp_path / "tried")
    stages: dict[str, Stage] = {}
    stage = Stage(tmp_path / "none")
    for name, rest in instructions():
        if name == "FROM":
            alias = rest.partition(" AS ")[2] or "last"
            stage = stages[alias] = Stage(tmp_path / alias)
            base = Path(sys.base_prefix)  # the base's interpreter is anybody's
            stage.run(f"chmod o+x {' '.join(map(str, [base, *base.parents][:-1]))}")
        elif name == "COPY":
            *options, source, target = rest.split()
            of = [option.removeprefix("--from=") for option in options]
            stage.copy(stages[of[0]].made(source) if of else context(ROOT), target)
        elif name == "RUN":
            stage.run(rest)
    (user,) = argument_of("USER")
    words = [word for name in ("ENTRYPOINT", "CMD") for word in json.loads(argument_of(name)[0])]
    (health,) = argument_of("HEALTHCHECK")
    (stop,) = argument_of("STOPSIGNAL")
    with stage.begun(words, user=user) as service:
        service.until("serves /var/lib/park at ")
        service.ask(json.loads(health.partition("CMD ")[2]))
        assert service.user() == user.partition(":")[0]
        assert service.stop(signal.Signals[stop]) == 0


@pytest.mark.parametrize("name", ["ENTRYPOINT", "CMD"])
def test_it_starts_the_service_with_options_that_there_are(name: str) -> None:
    from park_server.command import configure

    words: list[str] = json.loads(argument_of(name)[0])
    import argparse

    parser = argparse.ArgumentParser()
    configure(parser)
    known = {option for action in parser._actions for option in action.option_strings}
    assert {word for word in words if word.startswith("--")} <= known
