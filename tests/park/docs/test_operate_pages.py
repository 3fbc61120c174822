"""The pages of operating a service name what there is."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from park_server.command import configure
from park_server.samples.printed import SAMPLES, sample
from park_server.serving.web import RELOADED

ROOT = Path(__file__).parents[3]
PAGES = {
    name: (ROOT / "docs" / name).read_text(encoding="utf-8")
    for name in ("operate/laptop.md", "operate/server.md", "operate/sizing.md")
}


def options_of_serve() -> set[str]:
    parser = argparse.ArgumentParser()
    configure(parser)
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_each_option_of_serve_is_one(name: str) -> None:
    lines = re.findall(r"park serve ([^\n`]*)", PAGES[name])
    named = {word for line in lines for word in line.split() if word.startswith("--")}
    assert named <= options_of_serve()


def test_each_sample_is_printed_somewhere() -> None:
    watch = (ROOT / "docs" / "operate" / "watch.md").read_text(encoding="utf-8")
    printed = re.findall(r"--sample ([\w-]+)", watch + "".join(PAGES.values()))
    assert set(printed) == set(SAMPLES)


def test_what_is_said_of_the_samples_is_in_them() -> None:
    unit, nginx, page = sample("systemd"), sample("nginx"), PAGES["operate/server.md"]
    for said in ("Type=notify", "KillMode=process"):
        assert f"`{said}`" in page
        assert said in unit
    assert "--trusted-proxy 127.0.0.1" in unit
    assert "location = /park/metrics { return 404; }" in nginx


def test_what_is_read_again_has_its_line() -> None:
    lines = re.findall(r"^- the (\w+)", PAGES["operate/server.md"], re.MULTILINE)
    assert lines == [re.split(r" with | of ", each.removeprefix("the "))[0] for each in RELOADED]


def test_what_measures_is_there() -> None:
    named = re.findall(r"`(scripts/\w+)(?: (\w+))?`", PAGES["operate/sizing.md"])
    bench = (ROOT / "scripts" / "bench").read_text(encoding="utf-8")
    for script, what in named:
        assert (ROOT / script).exists()
        assert not what or f"scripts/bench {what} " in bench


def test_the_container_of_the_page_is_that_of_the_file() -> None:
    file = (ROOT / "Containerfile").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ (podman .*)$", PAGES["operate/server.md"], re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        assert command in file
