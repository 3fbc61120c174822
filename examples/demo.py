"""The main job, end to end, as a scientist would type it; called by ``scripts/demo``.

Every command is shown before it runs, so this is also a transcript to copy from. The
service, its home, the data and the results are kept in one folder.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platypus import platypus_data

PARK = Path(sys.executable).with_name("park")


def main() -> None:
    """Run the demo in the folder that the command line names."""
    folder = Path(sys.argv[1]).resolve()
    # its own configuration: yours is left alone
    os.environ["PARK_CONFIG"] = str(folder / "config.toml")
    os.environ["PARK_STATE_DIR"] = str(folder / "state")
    os.environ["PARK_CACHE_DIR"] = str(folder / "cache")
    data = platypus_data(folder)
    with service(folder):
        outcome = install()
        park("versions", "mymodel")
        park("run", "mymodel:constants")
        fit(data, folder / "fit.png")
    say(
        f"Wheels built: {names(outcome['built'])}. Uploaded: {names(outcome['uploaded'])}. "
        f"Environment: {'made' if outcome['realised'] else 'already there'}."
    )


def install() -> dict:
    """Make the environment of ``mymodel`` on the service."""
    say("The code there becomes the code here: mymodel, refl1d and 45 more, as installed here.")
    return json.loads(park("install", "mymodel", "--json", capture=True))


def fit(data: Path, plot: Path) -> None:
    """Fit the measured curve there and fetch the plot."""
    say(f"A fit of the measured data {data.name}, there, while its output is shown here.")
    submitted = json.loads(
        park("submit", "mymodel:fit", "--file", f"data={data}", "--json", capture=True)
    )
    job = submitted["id"]
    park("logs", "-f", job)
    result = json.loads(park("result", job, capture=True, quiet=True))
    status = json.loads(park("status", job, "--json", capture=True, quiet=True))
    park("get", job, "fit.png", "-o", str(plot))
    report(result, status, plot)


def report(result: dict, status: dict, plot: Path) -> None:
    """Print what the fit found, and the environment that found it."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    say(f"chisq {result['chisq']:.3f} from {result['points']} points, with {versions}")
    for name, parameter in result["parameters"].items():
        value, uncertainty = parameter["value"], parameter["uncertainty"]
        print(f"  {name:<28} {value:>12.5g} ± {uncertainty:<9.2g} {parameter['unit']}")
    print(f"\njob  {status['id']}\nlock {status['lock_hash']}\nplot {plot}")


@contextmanager
def service(folder: Path) -> Iterator[None]:
    """Run a service on loopback for as long as the block lasts."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = ["serve", "--home", str(folder / "service"), "--port", "0"]
    show(command)
    process = subprocess.Popen(
        [PARK, *command, "--ready-file", ready], stderr=subprocess.PIPE, text=True
    )
    first = process.stderr.readline()  # printed once it serves, or why it does not
    print(first, end="")
    if not ready.exists():
        sys.exit(first + process.stderr.read())
    try:
        yield
    finally:
        process.terminate()
        process.communicate()


def park(*arguments: str, capture: bool = False, quiet: bool = False) -> str:
    """Show and run one command line of park; stop where it fails."""
    if not quiet:
        show(arguments)
    done = subprocess.run(
        [PARK, *arguments], stdout=subprocess.PIPE if capture else None, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout or ""


def show(arguments: tuple[str, ...] | list[str]) -> None:
    """Print a command as one would type it."""
    print(f"\n$ park {shlex.join(arguments)}", flush=True)


def say(text: str) -> None:
    """Print a sentence between the commands."""
    print(f"\n{text}", flush=True)


def names(wheels: list[str]) -> str:
    """Return the file names, or that there are none."""
    return ", ".join(wheels) or "none"


if __name__ == "__main__":
    main()
