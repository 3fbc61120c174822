"""The main job, and a workflow over two services, as a scientist would type them.

Called by ``scripts/demo``. Every command is shown before it runs, so this is also a
transcript to copy from. The services, their homes, the data and the results are kept in one
folder.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

from platypus import platypus_data, platypus_run
from transcript import keep_in, park, python, say, service

STORY = Path(__file__).with_name("workflow") / "story.py"


def main() -> None:
    """Run the demo in the folder that the command line names."""
    folder = Path(sys.argv[1]).resolve()
    keep_in(folder)
    data, measured = platypus_data(folder), platypus_run(folder)
    with service("compufans", folder / "compufans"), service("sns", folder / "sns"):
        park("service", "use", "compufans", quiet=True)
        before = {name: environments(name) for name in ("compufans", "sns")}
        outcome = install()
        park("versions", "mymodel")
        park("run", "mymodel:constants")
        fit(data, folder / "fit.png")
        story(measured)
        made = {name: len(environments(name) - found) for name, found in before.items()}
    say(
        f"Of mymodel built: {names(outcome['built'])}; uploaded: {names(outcome['uploaded'])}.\n"
        f"Environments made: {made['compufans']} on compufans, {made['sns']} on sns."
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
    park("get", job, "fit.png", "-o", plot)
    report(result)
    print(f"\njob  {status['id']}\nlock {status['lock_hash']}\nplot {plot}")


def story(measured: Path) -> None:
    """Reduce a run on the service that has it, and fit the curve on the other."""
    say(
        "A workflow over both: a run of two angles, measured on a silicon wafer, is reduced\n"
        "on sns with refnx; its curve goes to compufans, where refl1d fits it:"
    )
    print("\n" + code(STORY))
    park("files", "put", measured, "~/data/", "--service", "sns")
    result = ast.literal_eval(python(STORY))
    park("graph")
    report(result)


def report(result: dict) -> None:
    """Print what a fit found, and with which versions."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    say(f"chisq {result['chisq']:.3f} from {result['points']} points, with {versions}")
    for name, parameter in result["parameters"].items():
        value, error = parameter["value"], parameter["uncertainty"]
        shown = "not determined" if error is None else f"{error:<9.2g}"
        print(f"  {name:<28} {value:>12.5g} ± {shown} {parameter.get('unit', '')}".rstrip())


def environments(name: str) -> set[str]:
    """Return the lock hashes of the environments of a service."""
    listed = json.loads(park("env", "list", "-s", name, "--json", capture=True, quiet=True))
    return {environment["lock_hash"] for environment in listed}


def code(script: Path) -> str:
    """Return a script without its docstring, as one would read it aloud."""
    text = script.read_text("utf-8")
    docstring = ast.parse(text).body[0]
    lines = text.splitlines()[docstring.end_lineno :]
    return "\n".join(f"    {line}".rstrip() for line in lines).strip("\n")


def names(wheels: list[str]) -> str:
    """Return the file names, or that there are none."""
    return ", ".join(wheels) or "none"


if __name__ == "__main__":
    main()
