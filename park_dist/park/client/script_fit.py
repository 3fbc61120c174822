"""The fit of a model script: what goes along with it, and its job."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from park.client.by_value.module_ways import Way
from park.client.fit_submission import FitSubmission
from park.client.jobs.arguments import encode_call
from park.client.jobs.kinds.fit_job import SCRIPT_ENTRY_POINT, FitJob
from park.client.jobs.submitted_job import Job
from park.client.model_scripts.carried import Carried, carried
from park.client.model_scripts.loaded import Loaded, can_load, loaded
from park.client.submission.files import File
from park.client.submission.reach import Reach
from park.client.voice import background
from park.errors import UsageError
from park.local.hint_commands import install_command
from park.model.entry_point import EntryPoint
from park.model.sizes import shown_size
from park.model.states import JobState
from park.model_script import session_name

if TYPE_CHECKING:
    from park.client.service import Service

__all__ = ["bumps_options", "fit_of_script", "script_of"]

_ENTRY_POINT = EntryPoint.parse(SCRIPT_ENTRY_POINT)
_MOST_TOLD = 8
"""Files that are told by name."""


def script_of(path: Any) -> Path:
    """Return the model script that ``path`` means; raises `UsageError` where there is none."""
    script = Path(path).expanduser().absolute()
    if not script.is_file():
        raise UsageError(
            f"{script} is a folder, and no model script"
            if script.is_dir()
            else f"there is no model script {script}",
            hint="park.Fit takes the path of one, a bumps FitProblem, an experiment or several",
        )
    return script


def bumps_options(options: Mapping[str, Any]) -> list[str]:
    """Return ``options`` as ``bumps`` takes them on its command line.

    ``method`` is its ``--fit``, ``store`` (of bumps before 1.0) its ``--export``. True and
    False are ``--name`` and ``--no-name``; None is not said.
    """
    return list(_written(options))


def _written(options: Mapping[str, Any]) -> Iterator[str]:
    for key, value in options.items():
        name = {"method": "fit", "store": "export"}.get(key, key).replace("_", "-")
        if isinstance(value, bool):
            yield f"--{name}" if value else f"--no-{name}"
        elif value is not None:
            yield f"--{name}={value}"


def fit_of_script(
    service: Service,
    script: Path,
    how: FitSubmission,
    *,
    args: Sequence[str],
    files: Sequence[str],
    resume: Job | str | Path | None,
    options: list[str],
    stop: Mapping[str, float | None],
) -> Job:
    """Submit the fit of the ``problem`` of ``script``, with all that it needs.

    ``stop`` are what ends it early: ``good_enough`` and ``timeout``.

    Raises `UsageError` where it cannot be loaded here, or where bumps does not take ``options``.
    """
    took = _took(script, args, options, how)
    ways = service.connection.bindings.ways
    start = _parameters(options)
    goes = carried(
        script,
        took,
        more=[*_matching(files, script.parent), *start],
        has_project=lambda module: ways.way(module) is Way.PROJECT,
    )
    there = {path: f"--pars={name}" for name, path in goes.files.items() if path in start}
    options = [*options, *there.values()]  # of two of the same name the later one counts
    _tell(goes, took, how)
    call = encode_call(
        (goes.script,),
        {
            "files": {name: File(path) for name, path in goes.files.items()},
            "folders": list(goes.folders),
            "arguments": [_argument(each) for each in args],
            "options": options,
            **{name: limit for name, limit in stop.items() if limit is not None},
            **({} if resume is None else {"session": _session(resume, script, options)}),
        },
        service=service.url,
    )
    reach = None if how.is_elsewhere else Reach(modules=goes.modules | {"bumps"})
    if how.said.get("label") is None:
        how = replace(how, said={**how.said, "label": script.name})
    environment = how.environment(service, _ENTRY_POINT, reach)
    return how.put(service, _ENTRY_POINT, call, environment, kind=FitJob)


def _took(script: Path, args: Sequence[str], options: Sequence[str], how: FitSubmission) -> Loaded:
    if can_load():
        took = loaded(script, args, options)
        if took.parameters == 0:
            raise UsageError(
                f"the problem of {script.name} has no parameters to fit",
                hint="give those that are to vary a range in it: parameter.range(low, high)",
            )
        return took
    if how.is_as_here:
        raise UsageError(
            f"{script.name} cannot be loaded here: this interpreter has no bumps 1",
            hint=f"{install_command('bumps>=1')}; or name an environment that has it: --lock HASH, "
            "--offer PROJECT",
        )
    return Loaded()


def _matching(patterns: Sequence[str], folder: Path) -> list[Path]:
    """Return the files that match ``patterns`` in ``folder``; a folder is all that is in it.

    Raises `UsageError` for one that nothing matches.
    """
    found: list[Path] = []
    for pattern in patterns:
        names = glob.glob(str(folder / pattern), recursive=True)  # noqa: PTH207 (absolute ones, too)
        matches = [Path(each) for each in names]
        matches += [file for each in matches if each.is_dir() for file in each.rglob("*")]
        files = [each for each in matches if each.is_file()]
        if not files:
            raise UsageError(f"files: nothing in {folder} matches {pattern!r}")
        found += files
    return found


def _parameters(options: Sequence[str]) -> list[Path]:
    """Return the file of parameters that ``options`` start from; raises `UsageError`."""
    names = [each.partition("=")[2] for each in options if each.startswith("--pars=")]
    found = [Path(name).expanduser().absolute() for name in names[-1:]]
    if found and not found[0].is_file():
        raise UsageError(
            f"pars: there is no file {found[0]}", hint="the .par file that a fit has left"
        )
    return found


def _argument(text: str) -> str | File:
    """Return an argument of the script: the path of a file is that of its copy there."""
    path = Path(text)
    return File(path) if path.is_absolute() and path.is_file() else text


def _session(resume: Job | str | Path, script: Path, options: list[str]) -> Any:
    """Return the session of an earlier fit, as an argument."""
    if not isinstance(resume, Job):
        return File(resume)
    name = session_name(script.name, options)
    resume.confirm()
    record = resume.refresh()
    if not record.status.is_final:
        return resume.files[name]
    left = [each.name for each in resume.files.records() if each.name.endswith((".h5", ".hdf"))]
    if name not in left and len(left) != 1:
        raise UsageError(
            f"job {resume.id} has left no session to go on from",
            hint="a fit leaves one where it is of a model script: park fit model.py",
        )
    chosen = resume.files[name if name in left else left[0]]
    if record.status == JobState.COMPLETED:
        return chosen
    return File(chosen.get())  # what a job that failed has left nobody may wait for


def _tell(goes: Carried, took: Loaded, how: FitSubmission) -> None:
    """Say what is sent: what is not there would be missed after half a minute only."""
    size = sum(path.stat().st_size for path in goes.files.values())
    names = sorted(goes.files)
    more = f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""
    many = "file goes" if len(names) == 1 else "files go"
    what = "not loaded here" if took.parameters is None else _counted(took.parameters)
    report = how.report or background
    report.step(
        f"{goes.script}: {what}; {len(names)} {many} along ({shown_size(size)}): "
        f"{', '.join(names[:_MOST_TOLD])}{more}"
    )


def _counted(parameters: int) -> str:
    return f"{parameters} parameter{'' if parameters == 1 else 's'}"
