"""Prints the files of this folder: an operator begins with them, and makes them his own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

__all__ = ["SAMPLES", "PrintSample", "sample"]

SAMPLES = {
    "alerts": "alerts.yml",
    "grafana": "grafana.json",
    "nginx": "nginx.conf",
    "systemd": "park.service",
    "systemd-user": "park-user.service",
}
"""By the name that ``--sample`` takes."""


def sample(name: str) -> str:
    """Return the text of a sample."""
    return (files("park_server.samples") / SAMPLES[name]).read_text(encoding="utf-8")


class PrintSample(argparse.Action):
    """An option that prints a sample and ends, whatever else is missing."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Print the sample ``values``."""
        del namespace, option_string
        sys.stdout.write(sample(str(values)))
        parser.exit()
